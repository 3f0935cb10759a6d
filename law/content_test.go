package law

import (
	"fmt"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

var (
	blocked = []fault.Code{"content_blocked"}
	unfit   = []fault.Code{"content_blocked", "param_invalid", "bad_request"}
)

// contents are attempts to put an advert, an address or a number into the one free text.
var contents = []attempt{
	{name: "50 percent off", clause: "content", want: blocked, honest: says("50% OFF today", "50 % off", "-50% now", "Save 20% now", "全场五折", "限时优惠", "优惠券", "скидка 50%", "50% Rabatt", "free gift inside", "buy one get one free")},
	{name: "full-width, superscript and styled letters", clause: "content", want: unfit, honest: says("５０％　ＯＦＦ", "𝟓𝟎% 𝐎𝐅𝐅", "⁵⁰% ᴼᶠᶠ", "⑤⓪% ⓄⒻⒻ", "５0% oＦf", "🄵🅁🄴🄴 gift 50% off")},
	{name: "zero-width characters, joiners and soft hyphens", clause: "content", want: unfit, honest: says("50% O\u200bF\u200bF", "50% O\u200dFF", "5\u00ad0% OFF", "50% OF\u2060F", "50%\ufeff OFF", "50% O\u034fFF", "50% O\u180eFF", "ca\u200bll me")},
	{name: "homoglyphs", clause: "content", want: unfit, honest: says("50% ОFF", "50% ΟFF", "5О% OFF", "50% 0FF", "50% օff", "ѕаlе now! 50% оff")},
	{name: "letters with gaps", clause: "content", want: unfit, honest: says("5 0 % O F F", "50%-O-F-F", "50%.O.F.F", "F R E E gift")},
	{name: "marks, bidi and private letters", clause: "content", want: unfit, honest: says("FFO %05\u202e", "\u2066a\u2069", "a\u061cb", "Z\u0300\u0301\u0302\u0303\u0304\u0305", "a\ue000b", "a\U000f0000b", "a\ufdd0b", "a\x00b", "a\nb", "a\u2028b", "a\U000e0041b", "\u3164\u3164", "\u2800")},
	{name: "an address of the web", clause: "content", want: unfit, honest: says("see www.tea.example", "tea-shop.com", "http://x.io", "HTTPS://X.IO", "tea . shop . com", "tea[dot]com", "tea dot com", "bit.ly/3xy", "t.me/tea", "tea。com", "ｔｅａ．ｃｏｍ", "1.2.3.4", "tea点com", "mail me@tea.com", "//tea.com")},
	{name: "a number to call", clause: "content", want: unfit, honest: says("138-0013-8000", "call 13800138000", "１３８００１３８０００", "+49 170 1234567", "138 0013 8000", "(0)170/1234567", "一三八零零一三八零零零", "l38OOl38OOO", "①③⑧⓪⓪①③⑧⓪⓪⓪", "400-820-8820")},
	{name: "a name elsewhere, and an invitation", clause: "content", want: unfit, honest: says("@tea_shop", "＠tea_shop", "wechat: tea2026", "加微信 tea2026", "QQ 12345678", "telegram tea_bot1", "join our group", "扫码进群", "invite code A17", "微信：tea888")},
	{name: "the same in a name instead of a text", clause: "content", want: unfit, honest: func(s *scene) func() refusals {
		d := queue()
		d.Params = []client.TemplateParam{order, {Key: "note", Label: "Who", Type: "name", Role: "free"}}
		return saying(s, d, "name", "50% OFF", "www.tea.example", "13800138000", "@tea_shop", "加微信tea2026")
	}},
	{name: "an advert split over several values", clause: "content", want: unfit, honest: func(s *scene) func() refusals {
		d := queue()
		name := func(key string) client.TemplateParam {
			return client.TemplateParam{Key: key, Label: "Name", Type: "name", Role: "free"}
		}
		d.Params = []client.TemplateParam{order, name("one"), note, name("two")}
		t := s.app().approve(d)
		ann := s.user("ann")
		t.grant(ann).deliver()
		k := t.grant(ann)
		s.after(func() { k.deliver() })
		return func() refusals {
			var out refusals
			for i, three := range [][3]string{{"50", "%", "OFF"}, {"Sale 5", "0% of", "f today"}, {"www", ".tea", ".com"}, {"1380", "013", "8000"}, {"http:", "//tea", ".io"}, {"限时", "优惠", "今天"}} {
				b := k.body(fmt.Sprint("k", i))
				b["data"] = client.Values{"one": {"name": three[0]}, "note": {"text20": three[1]}, "two": {"name": three[2]}}
				if err := t.app.raw(b); err != nil {
					out = append(out, err)
				} else {
					s.Fatalf("%q was delivered", three)
				}
			}
			return out
		}
	}},
	{name: "21 letters, and letters that grow", clause: "gate: params", want: param, honest: says("123456789012345678901", "ﷺﷺ", "㌖㌖㌖㌖㌖㌖㌖", "                     ", "", " ")},
}

// says tries texts in the one free text of a template, after an honest one.
func says(texts ...string) func(s *scene) func() refusals {
	return func(s *scene) func() refusals { return saying(s, remark(), "text20", texts...) }
}

func saying(s *scene, d client.TemplateDraft, kind string, texts ...string) func() refusals {
	s.Helper()
	t, _, k := s.served(d)
	s.after(func() { k.deliver() })
	return func() refusals {
		var out refusals
		for i, text := range texts {
			b := k.body(fmt.Sprint("k", i))
			b["data"] = client.Values{"note": {kind: text}}
			if err := t.app.raw(b); err != nil {
				out = append(out, err)
			} else {
				s.Errorf("%q was delivered", text)
				k = t.grant(s.user("next"))
			}
		}
		return out
	}
}

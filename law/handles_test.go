package law

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

var invalid = []fault.Code{"grant_invalid"}

// handles are attempts on handles: to forge, change, sell and join them.
var handles = []attempt{
	{name: "a handle of another app", clause: "I7", want: invalid, honest: func(s *scene) func() refusals {
		_, _, k := s.served(queue())
		other, _, own := s.served(queue())
		s.after(func() { k.deliver() })
		return func() refusals {
			b, c := k.body("a"), own.body("b")
			c["grant"] = k.handle
			return each(other.app.raw(b), other.app.raw(c), only(other.app.reply(k.handle, "hello")))
		}
	}},
	{name: "a handle of another app of the same developer", clause: "I7", want: invalid, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		sister := s.appOf(t.app.developer, "transport").approve(queue())
		sister.grant(s.user("ann")).deliver()
		s.after(func() { k.deliver() })
		return func() refusals {
			b := k.body("a")
			b["template"] = sister.id
			return each(sister.app.raw(k.body("a")), sister.app.raw(b))
		}
	}},
	{name: "flipped bits", clause: "handle", want: invalid, honest: forged(func(h string) (all []string) {
		for i := len("gh1_"); i < len(h); i++ {
			to := h[i] ^ []byte{1, 4, 0x20}[i%3]
			all = append(all, h[:i]+string(rune(to))+h[i+1:])
		}
		return all
	})},
	{name: "the same bytes in another spelling", clause: "handle", want: invalid, honest: forged(func(h string) (all []string) {
		raw, err := base64.RawURLEncoding.DecodeString(h[len("gh1_"):])
		if err != nil {
			return []string{"not base64url: " + err.Error()}
		}
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		for _, c := range alphabet {
			again := h[:len(h)-1] + string(c)
			if got, err := base64.RawURLEncoding.DecodeString(again[len("gh1_"):]); err == nil && again != h && string(got) == string(raw) {
				all = append(all, again)
			}
		}
		return append(all, "gh1_"+base64.URLEncoding.EncodeToString(raw)+"=", "gh1_"+base64.StdEncoding.EncodeToString(raw)+"\n", h+"=", h+"==", h[:10]+"\n"+h[10:], h[:10]+"\r\n"+h[10:], " "+h, h+" ", "\u200b"+h, h+"\x00")
	})},
	{name: "cut, stretched, turned round and put together", clause: "handle", want: append([]fault.Code{"too_large"}, invalid...), honest: forged(func(h string) []string {
		turned := []byte(h)
		for i, j := 4, len(turned)-1; i < j; i, j = i+1, j-1 {
			turned[i], turned[j] = turned[j], turned[i]
		}
		return []string{
			h[:len(h)-1], h[:len(h)-4], h + "A", h + "AAAA", h + h, h + "," + h, h + " " + h, h[4:], "gh2_" + h[4:], "GH1_" + h[4:], strings.ToUpper(h), strings.ToLower(h),
			string(turned), "gh1_" + h, h[:20] + h[24:] + h[20:24], "gh1_" + strings.Repeat("A", len(h)-4), "gh1_", "", strings.Repeat("gh1_A", 600),
		}
	})},
	{name: "other things by which something is known", clause: "handle", want: invalid, honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		grants := got(client.Collect(ann.api().Grants(s.Context())))(s)
		notices := got(client.Collect(ann.api().Notices(s.Context())))(s)
		openid := got(t.app.server().Login(s.Context(), got(ann.api().LoginCode(s.Context(), t.app.id))(s)))(s)
		return func() refusals {
			var out refusals
			for _, name := range []string{grants[0].ID, "gh1_" + grants[0].ID, notices[0].Notice, openid, ann.name, t.id, t.app.id, t.app.token(), ann.token, k.subject, "*", "%", "all", "null", "undefined", "../" + k.handle} {
				b := k.body("a")
				b["grant"] = name
				out = append(out, t.app.raw(b))
			}
			return out
		}
	}},
	{name: "linking two handles of one user", clause: "I7 unlinkable", honest: func(s *scene) func() refusals {
		t := s.app().approve(queue())
		ann, longer := s.user("a"), s.user("long-named-ann")
		var all []string
		for _, p := range []*person{ann, longer} {
			k := t.grant(p)
			k.deliver()
			all = append(all, k.handle, t.grant(p).handle)
		}
		other := s.app().approve(queue())
		all = append(all, other.grant(ann).handle)
		return func() refusals {
			for i, a := range all {
				for _, b := range all[:i] {
					if len(a) != len(b) {
						s.Errorf("lengths of handles tell users apart: %d and %d", len(a), len(b))
					}
					for from := len("gh1_"); from+8 <= len(a); from++ {
						if strings.Contains(b[4:], a[from:from+8]) {
							s.Errorf("two handles have a part in common: %q", a[from:from+8])
						}
					}
				}
			}
			return nil
		}
	}},
	{name: "another app's notice, template, deliveries and grants", clause: "I7", want: []fault.Code{"not_found", "template_unknown", "bad_request"}, quiet: true, honest: func(s *scene) func() refusals {
		t, ann, _ := s.served(queue())
		notice := got(client.Collect(ann.api().Notices(s.Context())))(s)[0].Notice
		must(s, s.ask("GET", "/app/notices/"+notice, t.app.token(), nil).err())
		must(s, s.ask("GET", "/app/templates/"+t.id, t.app.token(), nil).err())
		other := s.app()
		return func() refusals {
			version := t.draft
			version.Template, version.Category = t.id, "transport"
			items, _, err := other.server().Grants(s.Context(), "")
			if err != nil || len(items) > 0 {
				s.Errorf("another app sees %v of it, %v", items, err)
			}
			if page := s.ask("GET", "/app/grants?after="+t.app.after, other.token(), nil); strings.Contains(string(page.body), "gh1_") {
				s.Errorf("another app's place in its list opens %s", page.body)
			}
			return each(
				s.ask("GET", "/app/notices/"+notice, other.token(), nil).err(), s.ask("GET", "/app/templates/"+t.id, other.token(), nil).err(),
				only(other.server().Submit(s.Context(), version)),
			)
		}
	}},
	{name: "another developer's app", clause: "I7", want: append([]fault.Code{"forbidden"}, absent...), quiet: true, honest: func(s *scene) func() refusals {
		a, eve := s.app(), s.user("eve")
		must(s, s.ask("GET", "/developer/apps/"+a.id+"/secrets", a.developer.token, nil).err())
		return func() refusals {
			return each(
				s.ask("POST", "/developer/apps/"+a.id+"/secrets", eve.token, nil).err(), s.ask("GET", "/developer/apps/"+a.id+"/secrets", eve.token, nil).err(),
				s.ask("DELETE", "/developer/apps/"+a.id+"/secrets/sec-1", eve.token, nil).err(),
				s.ask("PUT", "/developer/apps/"+a.id+"/package", eve.token, "PK", header("Content-Type", "application/zip")).err(),
			)
		}
	}},
	{name: "another user's notice and grant", clause: "I7", want: absent, quiet: true, honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		notice := got(client.Collect(ann.api().Notices(s.Context())))(s)[0].Notice
		grant := got(client.Collect(ann.api().Grants(s.Context())))(s)[0].ID
		must(s, s.ask("GET", "/me/notices/"+notice+"/why", ann.token, nil).err())
		s.after(func() { k.deliver() })
		return func() refusals {
			var out refusals
			for _, token := range []string{s.user("eve").token, t.app.developer.token} {
				out = append(
					out, s.ask("GET", "/me/notices/"+notice+"/why", token, nil).err(), s.ask("POST", "/me/notices/"+notice+"/stop", token, nil).err(),
					s.ask("POST", "/me/notices/"+notice+"/report", token, map[string]any{"reason": "spam"}).err(), s.ask("DELETE", "/me/grants/"+grant, token, nil).err(),
				)
			}
			return out
		}
	}},
}

// forged sends what is made of a good handle, which is good all the same.
func forged(make func(handle string) []string) func(s *scene) func() refusals {
	return func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		s.after(func() { k.deliver() })
		return func() refusals {
			all := slices.DeleteFunc(make(k.handle), func(h string) bool { return h == k.handle })
			if len(all) == 0 {
				s.Error("nothing was forged")
			}
			t.app.token()
			return s.parallel(len(all), func(i int) error { return t.app.raw(with(k, "grant", all[i])) })
		}
	}
}

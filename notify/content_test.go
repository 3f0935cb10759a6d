package notify

import (
	"errors"
	"testing"

	"github.com/teahouse-im/teahouse/notify/grant"
)

var note = []Param{{Key: "note", Type: typeText, Role: Free}}

// judged is what the gate says to one free text: "" passes.
func judged(text string) string {
	values, err := said(note, Free, grant.Values{"note": {typeText: text}}, grant.Values{}, "/data")
	if err == nil {
		err = screen(note, values, "/data")
	}
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrParam):
		return "param_invalid"
	case errors.Is(err, ErrContent):
		return "content_blocked"
	}
	return err.Error()
}

// What an honest app has to say gets through, in the languages of its users.
func TestHonestTexts(t *testing.T) {
	for _, text := range []string{
		"At the window seat", "Table 12 is ready", "Bring your ID card", "Gate B7, 18:05", "Dr. Smith, room 204", "Mr. De Vries is here",
		"St. Pancras, floor 2", "No. 5 in the queue", "Delayed by 25 min", "Pick up by 9 p.m.", "2 adults, 1 child", "Flight CA981 boards",
		"3.5 km from you", "Paid with WeChat Pay", "Your refund: 12.50", "Save 5 min: use B", "Ready. Come to desk", "Ready. Info at desk", "igxrsqdbztkc7ahc", "Code o53326l5itdch", "扫码进站，3号口",
		"See the app for it", "Window seat 14A", "Seats 12, 13, 14", "From 18:05 to 19:30", "18:05-19:30, hall 2", "On 2026-11-29, 18:05",
		"29.11.2026, 9 Uhr", "Total 1,234,567.00", "Room 1204, floor 12", "Order #4711 is out", "Winter tyres are on", "A winner takes it",
		"It's on shelf 2", "Half an hour late", "Battery at 50 %", "80% done", "Humidity 40-60%", "Message from Ann", "Text in the app: ok",
		"Join at gate 5", "Follow the signs", "Add salt to taste", "Order now ready", "Free seat at 12", "Sugar-free, 2 cups", "Tea & cake for 2",
		"Call at desk 3", "Naïve café", "Smörgåsbord for two", "靠窗的座位", "请到3号窗口取餐", "您的订单已发货，请查收", "医生：王小明，二楼", "下午三点半开会",
		"扫码取餐，谢谢", "微信支付成功", "第八号桌", "快递已到，请取件", "航班延误2小时", "到达3点", "明天上午九点见", "窓側のお席です", "3番ゲートへどうぞ", "ご予約は18時です",
		"배송이 시작되었습니다", "3번 창구로 오세요", "Ihr Tisch ist bereit", "Bitte an Schalter 3", "Straße gesperrt", "Table prête, merci", "Le train part à 9h",
		"Su mesa está lista", "Llegará en 5 minutos", "Ваш заказ готов", "Приём в 15:30, к. 2", "Поезд опоздает: 5 м", "طاولتك جاهزة", "تأخرت الرحلة ساعة",
		"آپ کی میز تیار ہے", "आपकी मेज तैयार है", "โต๊ะของคุณพร้อมแล้ว", "Bàn của bạn đã sẵn", "Masanız hazır", "השולחן שלך מוכן", "Το τραπέζι είναι", "Thanks 😊",
		"Great tea ☕️ today", "❤️ from the kitchen", "🍜 noodles are ready", "Your order: 2 × tea", "½ portion of rice",
	} {
		if got := judged(text); got != "" {
			t.Errorf("%q: %s (%s)", text, got, find(text))
		}
	}
}

func TestUnfitTexts(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// Not what the type can be.
		{"", "param_invalid"},
		{"   ", "param_invalid"},
		{"\u3000", "param_invalid"},
		{"this is longer than twenty", "param_invalid"},
		{"ﷺﷺ", "param_invalid"},
		{"a\nb", "param_invalid"},
		{"a\tb", "param_invalid"},
		{"a\x00b", "param_invalid"},
		{"a\u0085b", "param_invalid"},
		{"50%\u200b OFF", "param_invalid"},
		{"a\u200db", "param_invalid"},
		{"a\u2060b", "param_invalid"},
		{"a\ufeffb", "param_invalid"},
		{"a\u00adb", "param_invalid"},
		{"\u202eevil", "param_invalid"},
		{"a\u2066b\u2069", "param_invalid"},
		{"a\u061cb", "param_invalid"},
		{"\ue000", "param_invalid"},
		{"\U000f0000", "param_invalid"},
		{"\ufdd0", "param_invalid"},
		{"a\u3164b", "param_invalid"},
		{"a\u034fb", "param_invalid"},
		{"a\u2800b", "param_invalid"},
		{"a\ufe0fb", "param_invalid"},
		{"a\U000e0041b", "param_invalid"},
		{"a\u2028b", "param_invalid"},
		{"a\xffb", "param_invalid"},
		{"Z\u0300\u0301\u0302\u0303\u0304\u0305lgo", "param_invalid"},
		{"a\u180eb", "param_invalid"},
		// Addresses.
		{"see tea.com", "content_blocked"},
		{"https://x.y", "content_blocked"},
		{"http://1.2.3.4", "content_blocked"},
		{"www.tea.de", "content_blocked"},
		{"TEA.COM", "content_blocked"},
		{"tea . com", "content_blocked"},
		{"t e a . c o m", "content_blocked"},
		{"tea dot com", "content_blocked"},
		{"tea(dot)com", "content_blocked"},
		{"tea[.]com", "content_blocked"},
		{"tea。com", "content_blocked"},
		{"ｔｅａ．ｃｏｍ", "content_blocked"},
		{"tеа.соm", "content_blocked"},
		{"tea.ⅽom", "content_blocked"},
		{"tea点com", "content_blocked"},
		{"tea.shop", "content_blocked"},
		{"t.me/tea", "content_blocked"},
		{"bit.ly/3x", "content_blocked"},
		{"wa.me/123", "content_blocked"},
		{"𝐭𝐞𝐚.𝐜𝐨𝐦", "content_blocked"},
		{"ann@tea.org", "content_blocked"},
		{"10.0.0.1", "content_blocked"},
		{"чай.рф", "content_blocked"},
		{"hxxp tea.xyz", "content_blocked"},
		{"tea.com.", "content_blocked"},
		{"tea․com", "content_blocked"},
		{"téa.cóm", "content_blocked"},
		// Numbers to call.
		{"call 13800138000", "content_blocked"},
		{"138 0013 8000", "content_blocked"},
		{"138-0013-8000", "content_blocked"},
		{"+49 30 1234567", "content_blocked"},
		{"(030) 123-4567", "content_blocked"},
		{"１３８００１３８０００", "content_blocked"},
		{"一三八零零一三八零零零", "content_blocked"},
		{"①③⑧⓪⓪①③⑧⓪⓪⓪", "content_blocked"},
		{"I38OO138OOO", "content_blocked"},
		{"1.3.8.0.0.1.3.8.0", "content_blocked"},
		{"٠١٢٣٤٥٦٧٨٩", "content_blocked"},
		{"1 3 8 0 0 1 3 8", "content_blocked"},
		{"800-555-0199", "content_blocked"},
		// Names elsewhere, and invitations.
		{"ask @tea_house", "content_blocked"},
		{"＠teahouse", "content_blocked"},
		{"@ t e a h o u s e", "content_blocked"},
		{"加微信 tea88", "content_blocked"},
		{"加V：tea888", "content_blocked"},
		{"vx: teahouse", "content_blocked"},
		{"QQ 12345", "content_blocked"},
		{"qq123456", "content_blocked"},
		{"wechat id tea_88", "content_blocked"},
		{"join our group", "content_blocked"},
		{"Follow us!", "content_blocked"},
		{"扫码进群有礼", "content_blocked"},
		{"telegram: tea_x", "content_blocked"},
		{"WhatsApp me!", "content_blocked"},
		{"invite code 7", "content_blocked"},
		{"加 微 信", "content_blocked"},
		// Adverts.
		{"50% OFF", "content_blocked"},
		{"50% off today!!", "content_blocked"},
		{"５０％　ＯＦＦ", "content_blocked"},
		{"50% ОFF", "content_blocked"},
		{"5О% 0ff", "content_blocked"},
		{"5 0 % O F F", "content_blocked"},
		{"50%-O-F-F", "content_blocked"},
		{"50%.O.F.F", "content_blocked"},
		{"50 percent off", "content_blocked"},
		{"５０％ОＦＦ", "content_blocked"},
		{"50%-OFF", "content_blocked"},
		{"SALE!", "content_blocked"},
		{"Flash sale", "content_blocked"},
		{"𝟓𝟎% 𝐎𝐅𝐅", "content_blocked"},
		{"Win an iPhone", "content_blocked"},
		{"free gift inside", "content_blocked"},
		{"Buy one get one", "content_blocked"},
		{"coupon inside", "content_blocked"},
		{"half price tea", "content_blocked"},
		{"全场八折", "content_blocked"},
		{"全场8折", "content_blocked"},
		{"限时优惠快来", "content_blocked"},
		{"半价 奶茶", "content_blocked"},
		{"скидка 50%", "content_blocked"},
		{"半額セール", "content_blocked"},
		{"50% 할인", "content_blocked"},
		{"Rabatt 20%", "content_blocked"},
		{"-50% heute", "content_blocked"},
		{"Save 20% now", "content_blocked"},
		{"S A L E !", "content_blocked"},
		{"𝕊𝔸𝕃𝔼!", "content_blocked"},
		{"d i s c o u n t", "content_blocked"},
		{"Ⓢⓐⓛⓔ!", "content_blocked"},
		{"🆂🅰🅻🅴", "content_blocked"},
		{"🅢🅐🅛🅔 now", "content_blocked"},
		{"ѕаӏе now", "content_blocked"},
		{"加❤微❤信abc123", "content_blocked"},
		{"5🌟0% o❤ff", "content_blocked"},
		{"x🌟.c❤om", "content_blocked"},
	} {
		if got := judged(c.text); got != c.want {
			t.Errorf("%q: %q, not %q", c.text, got, c.want)
		}
	}
}

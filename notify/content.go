package notify

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A finding is what a text has that no notice may have.
type finding string

const (
	address finding = "has an address of the web or of mail"
	number  finding = "has a number to call"
	handle  finding = "has somebody's name elsewhere, or an invitation"
	advert  finding = "reads like an advert"
)

// Endings of names of hosts. Those of the first kind are nothing else; those of
// the second are words as well, and count only where the dot belongs to them;
// those of the third only with a path behind.
const (
	endings      = `com|net|org|cn|hk|tw|jp|kr|ru|de|fr|uk|eu|ua|pl|br|mx|io|co|cc|tv|ai|xyz|biz|ly|vn|za|рф`
	wordEndings  = `app|shop|store|online|site|club|vip|top|info|link|live|win|fun|work|tech|cloud|page|mobi|pro|icu|bid|sale|dev|ink|art|wang|ltd|group|chat|world|website|space|gov|edu|me`
	shortEndings = `to|it|in|no|us|is|be|so|at|my|am|as|do|gd|nu|gg|gl|sh|la|fm|im|pw|tk|ml|ga|cf|gq|su|es|nl|se|ch|ca|au|id|th|sg|ph`
)

var (
	// They read folded text; of squashed text, in which there are no spaces, only the stricter ones.
	dotted    = regexp.MustCompile(`\s*[\[({<]\s*(?:\.|dot|точка|点)\s*[\])}>]\s*|\s+(?:dot|точка)\s+`)
	spelled   = regexp.MustCompile(`([a-z0-9])(?:点|點)(` + endings + `|` + wordEndings + `)`)
	addresses = []*regexp.Regexp{
		regexp.MustCompile(`[a-z]{2,}:\s?/\s?/|\bwww\s?\.|\bhttps?\b`),
		regexp.MustCompile(`[\p{L}\p{N}_-](?:\.|\s+\.\s*)(?:` + fold(endings) + `|` + wordEndings + `)(?:[^a-z0-9-]|$)`),
		regexp.MustCompile(`[a-z0-9-]\s*\.\s*(?:` + endings + `|` + wordEndings + `|` + shortEndings + `)\s*/\s*[a-z0-9?#]`),
		regexp.MustCompile(`(?:^|[^0-9.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:[^0-9.]|$)`),
		regexp.MustCompile(`\.\s?(?:中国|公司|网络|网址|在线|商城)`),
	}
	squashedAddress = regexp.MustCompile(`[a-z0-9-]\.(?:com|net|org|cn|ru|xyz|biz|io)(?:[^a-z0-9-]|$)|https?://|www\.`)

	handles = []*regexp.Regexp{
		regexp.MustCompile(`@[\p{L}_]|@\d{3}|@(?:\s[\p{L}\d_]){3,}|\S@\S`),
		// Names of places to talk, with somebody's name in them.
		regexp.MustCompile(`(?:微信|薇信|威信|v信|企鹅号|\b(?:wechat|weixin|wx|vx|qq|telegram|tg|whats\s?app|line\s?id|kakao|viber|instagram|ig))(?:\d{5,}|(?:\s?(?:号|號|id|群|account|number|no\.?)\s?[:=]?|\s?[:=]|\s)\s?(?:[a-z_-]{3,}\d|[a-z_-]*\d[a-z0-9_-]{3,})|\s?(?:号|號|id|群)?\s?[:=]\s?[a-z0-9_-]{3,})`),
		regexp.MustCompile(`(?:加|添加|联系|联络|搜|搜索|关注|扫)(?:一下)?(?:我们?|客服|店长|老师|官方)?(?:的)?\s?(?:微信|薇信|威信|v信|wx|vx|v\b|qq|公众号|企鹅|telegram|好友)`),
		regexp.MustCompile(`加(?:我|v|薇|微|群|好友|扣扣)|进群|入群|拉群|群二维码|扫码(?:加[微群好我v]|关注|进群|入群|领)|邀请码|邀请链接|invite\s?(?:code|link)|einladungslink`),
		regexp.MustCompile(`\b(?:join|follow|add|subscribe to|dm|message|text|whatsapp)\s(?:us|me|our)\b(?:\s(?:group|channel|chat|club|page|list|on|at)\b|$|[!.])`),
		regexp.MustCompile(`\bjoin\s(?:the|this|my)\s(?:group|channel|chat|club)\b|\binvite (?:a )?friends?\b`),
	}
	squashedHandle = regexp.MustCompile(fold(`вступай|подпишись|подписывайтесь`) + `|加微信|加薇信|加我微|@[a-z_]{2}`)
)

// find says what a text has that no notice may have; "" is nothing. What people
// spell in other letters, widths and spacing, or with pictures in between, is found
// like the plain one.
func find(text string) finding {
	what := findPlain(text)
	if bare := strings.Map(dropPictures, text); what == "" && bare != text {
		what = findPlain(bare)
	}
	return what
}

// dropPictures leaves out what stands for no letter, such as hearts; not signs of
// currencies and the like, nor letters in boxes.
func dropPictures(r rune) rune {
	if r == '\ufe0f' || r == '\ufe0e' || unicode.Is(unicode.So, r) && enclosed(r) == r && !compatible(r) {
		return -1
	}
	return r
}

// compatible tells whether a character is another way to write letters, digits or signs.
func compatible(r rune) bool { return norm.NFKD.String(string(r)) != string(r) }

func findPlain(text string) finding {
	t := dotted.ReplaceAllString(fold(text), ".")
	t = spelled.ReplaceAllString(t, "$1.$2")
	q := squashed(t)
	switch {
	case matches(addresses, t) || squashedAddress.MatchString(q):
		return address
	case matches(handles, t) || squashedHandle.MatchString(q):
		return handle
	case toCall(t):
		return number
	case sells(t, q):
		return advert
	}
	return ""
}

func matches(all []*regexp.Regexp, s string) bool {
	for _, r := range all {
		if r.MatchString(s) {
			return true
		}
	}
	return false
}

// percent is a part taken off, in squashed text.
const percent = `(?:[0-9oil]{1,3}|half)(?:%|percent|pct|prozent|процентов|por ?ciento)`

var (
	adverts = []*regexp.Regexp{
		regexp.MustCompile(`\b(?:discounts?|coupons?|promo(?:tion|code)?s?|cash ?back|giveaway|jackpot|lottery|sweepstakes?|black friday|bogo)\b`),
		regexp.MustCompile(`\b(?:flash|big|mega|super|summer|winter|spring|autumn|final|clearance|season|holiday|huge)\s?sale\b|\bsale\b\s?(?:!|now|today|ends|on now|\d)|\bon sale\b|^sale!*$`),
		regexp.MustCompile(`\b(?:special|limited|exclusive|best|hot|great)\s(?:offers?|deals?|prices?)\b|\bhalf.?price\b|\bbuy\s(?:now|1|one|2|two)\b|\b(?:shop|click|act)\s(?:now|here)\b|^order now(?:!|$| at | from )|\btap here\b`),
		regexp.MustCompile(`\bget\s(?:one|1)\sfree\b|\bfree\s(?:gift|trial|shipping|delivery|money|spins?|coins?)\b|\bwin\s(?:a|an|the|free|big|up to|cash|[$€])|\byou(?:'ve)?\swon\b|\bprizes?\b|\b(?:save|up to)\s?[$€£¥]?\s?\d+\s?%`),
		regexp.MustCompile(`\b(?:rabatt|gutschein|sonderangebot|schnappchen|soldes|promocion|descuento|cupon|remise|sconto|offerta speciale|oferta especial)\b`),
	}
	squashedAdvert = regexp.MustCompile(
		percent + `[^a-z0-9]{0,3}(?:[o0]ff|discount|rabatt|dereduc|remise|descuento|desconto|sconto|` + fold(`скид`) + `|割引|オフ|할인|优惠|折)` +
			`|(?:save|discount|sale|upto|rabatt|` + fold(`скидка|скидки`) + `)[^a-z0-9]{0,3}[$€£¥]?[0-9oil]{1,3}%` +
			`|(?:^|[^0-9a-z])-[1-9][0-9]?%` +
			`|[0-9一二三四五六七八九](?:\.[0-9])?折|打折|半价|促销|特价|秒杀|大减价|清仓|优惠券|优惠码|代金券|抵用券|免费领|领红包|抢红包|返现|返利|抽奖|中奖|满[0-9]+减|买一送一|限时(?:优惠|抢购|特)|包邮` +
			`|割引|セール|クーポン|プレゼント企画|特売|半額|할인|쿠폰|세일|특가` +
			`|` + fold(`скидк|распродаж|купон|промокод|акция!|выиграй|выигрыш`) + `|khuyenmai|giamgia`)
)

// letters are words letter by letter, with something between them.
var letters = regexp.MustCompile(`(?:^|[^a-z0-9])[a-z0-9](?:[ .\-_*/|][a-z0-9]){2,}(?:[^a-z0-9]|$)`)

func unspell(t string) string {
	return letters.ReplaceAllStringFunc(t, func(s string) string {
		return s[:1] + strings.NewReplacer(" ", "", ".", "", "-", "", "_", "", "*", "", "/", "", "|", "").Replace(s[1:len(s)-1]) + s[len(s)-1:]
	})
}

// sells tells whether folded text t, squashed q, praises or offers.
func sells(t, q string) bool {
	if matches(adverts, t) || squashedAdvert.MatchString(q) {
		return true
	}
	u := strings.TrimSpace(unspell(t))
	return u != t && (matches(adverts, u) || squashedAdvert.MatchString(squashed(u)))
}

var (
	digitRuns = regexp.MustCompile(`(?:^|[^a-z0-9])(\+?\s?[(]?[0-9oil](?:[ ().\-_/*~:=]{0,3}[0-9oil]|,[0-9oil]){5,})`)
	// What has as many digits and is none: dates, times of day, amounts.
	notToCall = regexp.MustCompile(`\b(?:(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:3[01]|[0-2]?\d)|(?:3[01]|[0-2]?\d)[-/.](?:0?[1-9]|1[0-2])[-/.](?:19|20)\d\d|(?:[01]?\d|2[0-4]):[0-5]\d|\d{1,3}(?:,\d{3})+(?:\.\d\d)?)\b`)
	numerals  = map[rune]rune{
		'〇': '0', '零': '0', '一': '1', '壹': '1', '幺': '1', '二': '2', '贰': '2', '三': '3', '叁': '3', '四': '4', '肆': '4', '五': '5',
		'伍': '5', '六': '6', '陆': '6', '七': '7', '柒': '7', '八': '8', '捌': '8', '九': '9', '玖': '9',
	}
	words = strings.NewReplacer("zero", "0", "one", "1", "two", "2", "three", "3", "four", "4", "five", "5", "six", "6", "seven", "7", "eight", "8", "nine", "9")
)

const (
	callDigits = 7 // of a number to call, at least
	datesMost  = 4 // dates and times in one text; more of them may be a number dressed up
)

// toCall tells whether folded text has so many digits in a row that they can be called.
func toCall(t string) bool {
	if dials(t) {
		return true
	}
	written := strings.Map(func(r rune) rune {
		if d, ok := numerals[r]; ok {
			return d
		}
		return r
	}, t)
	if written != t && dials(strings.ReplaceAll(written, "两", "2")) {
		return true
	}
	spoken := words.Replace(t)
	return spoken != t && dials(spoken)
}

func dials(t string) bool {
	n := 0
	t = notToCall.ReplaceAllStringFunc(t, func(s string) string {
		if n++; n > datesMost {
			return s
		}
		return ";"
	})
	for _, m := range digitRuns.FindAllStringSubmatchIndex(t, -1) {
		run := t[m[2]:m[3]]
		digits := strings.Count(strings.Map(decimal, run), "d")
		letters := strings.Count(strings.Map(decimal, run), "l")
		inWord := letters > 0 && m[3] < len(t) && 'a' <= t[m[3]] && t[m[3]] <= 'z'
		if digits+letters >= callDigits && digits >= callDigits-3 && !inWord {
			return true
		}
	}
	return false
}

// decimal marks digits and the letters that are taken for digits.
func decimal(r rune) rune {
	switch {
	case '0' <= r && r <= '9':
		return 'd'
	case r == 'o' || r == 'i' || r == 'l':
		return 'l'
	}
	return ' '
}

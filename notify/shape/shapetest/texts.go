package shapetest

import "strings"

// Dresses are other ways to write a text: whoever reads them reads the same.
var Dresses = map[string][]string{
	"Big summer sale today": {
		"BIG SUMMER SALE TODAY", "big summer sale today", "Big  summer   sale today", "B i g summer sale today", "Bigsummersaletoday",
		"Big summer sale today!", "Big summer sale today!!!", "¡Big summer sale, today!", "Big-summer-sale-today", "B.i.g summer s.a.l.e today",
		"“Big summer sale” today", "(Big summer sale) today…", "* Big summer sale today *", "Big_summer_sale_today", "Big/summer/sale/today",
		"🎉 Big summer sale today", "Big 🎁 summer sale today", "Big summer sale today 😀", "Big summer sale today 👨‍👩‍👧", "Big summer ☀️ sale today", "🇫🇷 Big summer sale today 1️⃣",
		"Big summer sale today 7342", "Big summer sale today 9", "17 Big summer sale today", "Big summer sale 2026 today", "#4711: Big summer sale today", "Big summer sale today 12:30",
		"Ｂｉｇ ｓｕｍｍｅｒ ｓａｌｅ ｔｏｄａｙ", "Big ｓummer sale ｔoday", "𝐁𝐢𝐠 𝐬𝐮𝐦𝐦𝐞𝐫 𝐬𝐚𝐥𝐞 𝐭𝐨𝐝𝐚𝐲", "𝓑𝓲𝓰 summer sale today", "Ⓑⓘⓖ summer sale today", "🅱🅸🅶 summer sale today", "🄱🄸🄶 summer sale today",
		"Big sum\u200bmer sale today", "B\u200ci\u200dg summer sale today", "\ufeffBig summer sale today", "Big summer\u00ad sale today", "Big\u2060 summer sale today", "\u202eBig summer sale today",
		"Big\u00a0summer\u2003sale today", "Big summer sale\u3164 today", "Big\tsummer sale\ntoday",
		"Віg summer sale today", "Big summеr sаlе tоdаy", "Big ѕummer ѕаle today", "Βig summer sale tοdαy", "Big summer sαle today", "BІG SUMMER SАLЕ TОDАY", "Ꮟig summer ᏚᎪᏞᎬ today",
		"B1g summer sale today", "Big summer s4le today", "Big summer sal3 t0day", "Big $ummer sale today", "Big summer s@le today", "Big 5ummer sale today", "Big summer sa1e today", "8ig summer sale today",
		"Bíg sümmer sále todäy", "B̶i̶g̶ s̶u̶m̶m̶e̶r̶ sale today", "Big şummer sąlé tøday", "Big summer sale tȯday",
		"Big sunmer sale today", "Big sumer sale today", "Big summer sales today", "Bag summer sale today", "Big summer sale todax", "Big summer salle todayy", "Big simmer sale today", "Xig summer sale today",
		"Biiig summer saaale today", "Big summmmer sale todaaaay", "Big smumer sale today", "Big summer slae today",
		"today Big summer sale", "sale today: big summer", "Summer big sale today", "Big sale summer today", "TODAY summer sale BIG",
		"Big winter sale today", "Big summer deal today", "Big summer sale now", "Our summer sale today", "A big summer sale today", "Big summer sale today x", "The big summer sale",
		"🎉B1G  súmmer–SALE today 55!", "вig ѕummer 🎁 ｓａｌｅ today 8", "Big summer sale\u200b todey 3",
	},
	"Half price shoes": {
		"half price shoes", "HALF PRICE SHOES 👟", "Half-price shoes!", "Half price shoes 22", "H a l f price shoes", "Half prıce shoes", "Half pricе shоes", "Half prlce shoes",
		"Half pr1ce sh0es", "Shoes half price", "Half price shoe", "Half priced shoes", "Hälf price shoes", "Half price boots", "ＨＡＬＦ price shoes", "Half\u200bprice shoes", "9 Half price shoes 🍀",
	},
	"今日特价全场五折": {
		"今日特价 全场五折", "今日特价，全场五折！", "今日特价🎉全场五折", "今日特价全场五折88", "今日特價全场五折", "今日特价全场六折", "全场五折今日特价", "【今日】特价全场五折", "今日\u200b特价全场五折",
	},
	"Скидка на всё сегодня": {"скидка на все сегодня", "СКИДКА НА ВСЁ СЕГОДНЯ!", "Скидка на всё сегодня 🎁", "Ckидкa нa вcё ceгoдня", "Скидки на всё сегодня", "Сегодня скидка на всё 7"},
	"Ready":     {"ready", "READY!", "Ready 5", "Réady", "Rеady", "Reedy", "r e a d y", "Ｒeady", "Rea\u200bdy", "Readdy"},
	"오늘만 반값 할인": {"오늘만 반값 할인!", "오늘만반값할인", "반값 할인 오늘만", "오늘만 🎉 반값 할인", "오늘만 반값 할인 33"},
	"🎉🎉🎉":       {"🎉🎉🎉", "🎉 🎉 🎉"},
	"A17":       {"a17", "Ａ17", "A 17"},
}

// Honest is what honest apps say to different people. No two are the same.
var Honest = strings.Split(strings.TrimSpace(`
At the window seat
Bring your passport
Doctor is running late
Gate has changed
Use the side entrance
Left at reception
Your keys are here
No onions, as asked
Driver cannot find you
Lift is out of order
Parcel is with Anna
Please bring cash
Room is on floor two
Fasting from midnight
Wear warm clothes
Track moved to nine
Bus is full
Wait at platform B
Ask for Mr Weber
Form was incomplete
Photo is too dark
Signature missing
Test came back fine
Please call the ward
Second dose due
Blood sample needed
Glasses are ready
Tyres are worn
Brakes need work
Oil has been changed
Cat is doing well
Dog needs a walk
Homework was handed in
Meeting in room four
Class is outside
Exam moved to Monday
Teacher is ill
Pick up by noon
Library closes early
Book is reserved
Fine has been paid
Ticket is refunded
Seat next to Maria
Table by the door
Terrace is closed
Chef is off today
Soup instead of salad
Without nuts
Extra cheese
Gluten free bread
Birthday cake is set
Candles are inside
Flowers were watered
Neighbour took it
In the mailbox
Behind the garage
Signed by your son
Courier is at lunch
Customs asks for papers
Size M is sold out
Blue instead of green
Refund is on its way
Invoice corrected
Water is off at ten
Heating works again
Plumber comes at two
Bring the old meter
Cable was replaced
Router needs a reset
Password was changed
Your visa is approved
Embassy needs a scan
Luggage came through
Wheelchair is booked
Train is split
Sit in the front part
Boat leaves early
Storm, stay indoors
Road is blocked
Take exit twelve
Charger is free
Battery is low
Car is at level three
Scooter is locked
Helmet is in the box
Pool is closed
Towels are at the desk
Trainer is waiting
Court three is yours
Racket was found
Song was added
Your turn to sing
Choir starts late
Bring your own mug
Costume fits
Stage door, please
Row five, left
Curtain at eight
Coat is in locker six
Umbrella found
Phone is at the bar
Wallet was handed in
Child is asleep
Nanny arrived
Milk is in the fridge
Grandma says hello
Tooth was pulled
Cast comes off Friday
Avoid the sun
Take two a day
Drink more water
靠窗的座位
请带上护照
医生晚点到
包裹在前台
钥匙在邻居家
Паспорт возьмите
Врач опаздывает
Место у окна
창가 자리입니다
여권을 가져오세요
窓側の席です
パスポートを持参
`), "\n")

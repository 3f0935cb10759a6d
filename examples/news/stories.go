package main

// A story is read by who opens the page.
type story struct {
	Topic string `json:"topic"`
	Title string `json:"title"`
	Lead  string `json:"lead"`
	Text  string `json:"text"`
	At    string `json:"at"`
}

var stories = []story{
	{"City", "The old fish market gets its roof back", "After eleven winters under canvas, the halls on the quay are whole again.", "The carpenters used larch from the hills above the town and the drawings of 1904, which a clerk had kept in a hat box. On Saturday the first stalls move back in. The gulls, says the harbour master, have been informed.", "08:10"},
	{"Transport", "Line 3 runs all night from Friday", "Every twenty minutes until dawn, between the University and the Harbour.", "The city tries it for six months. Nurses asked for it, students cheered, and the drivers voted for the extra shift by a large majority. Tickets cost what they cost by day.", "07:45"},
	{"Weather", "First frost in the valley tonight", "Clear skies and no wind: bring in what does not like the cold.", "Minus two by the river, a little milder in the old town. The botanical garden closes its lower terraces until Monday. By the afternoon the sun is back.", "07:30"},
	{"City", "Library opens a room for people who talk", "One floor of the central library is no longer quiet, and full since nine.", "It has big tables, bad coffee and a sign that says “Please do”. Whoever needs silence still has four floors of it.", "07:05"},
	{"Transport", "Bridge of Swallows: one lane in the mornings", "The joints are due. Until the 12th, cross after ten if you can.", "Cyclists and people on foot are not affected, and pass everybody else with a smile.", "06:50"},
}

func storiesOf(topic string) (all []story) {
	for _, s := range stories {
		if s.Topic == topic {
			all = append(all, s)
		}
	}
	return all
}

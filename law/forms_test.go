package law

import "github.com/teahouse-im/teahouse/client"

// What templates of these tests look like.

var (
	order  = client.TemplateParam{Key: "order", Label: "Order", Type: "code", Role: "locked"}
	status = client.TemplateParam{Key: "status", Label: "Status", Type: "enum", Role: "free", Values: []string{"called", "waiting", "moved"}}
	note   = client.TemplateParam{Key: "note", Label: "Note", Type: "text20", Role: "free"}
)

// queue is a once template that can carry no advert.
func queue() client.TemplateDraft {
	return client.TemplateDraft{Title: "Table is ready", Scope: "once", Params: []client.TemplateParam{order, status}, PagePattern: "/queue"}
}

// remark is one with the one free text.
func remark() client.TemplateDraft {
	return client.TemplateDraft{Title: "About your order", Scope: "once", Params: []client.TemplateParam{order, note}, PagePattern: "/queue"}
}

// ride is a progress template along one line of states.
func ride(states ...string) client.TemplateDraft {
	if len(states) == 0 {
		states = []string{"ordered", "on the way", "arrived"}
	}
	d := client.TemplateDraft{Title: "Your ride", Scope: "progress", Params: []client.TemplateParam{order, status}, PagePattern: "/queue", States: states}
	for i := range states[1:] {
		d.Edges = append(d.Edges, client.TemplateEdge{From: states[i], To: states[i+1], Alert: true})
	}
	return d
}

// line is a standing template.
func line() client.TemplateDraft {
	return client.TemplateDraft{
		Title: "Your line", Scope: "standing", Params: []client.TemplateParam{order, status}, PagePattern: "/queue", Cadence: &client.Cadence{Uses: 1, Per: "day"},
	}
}

// served shows the honest way once: a tap, a sheet, a decision, a notice. It gives
// the app's template, the user, and a second grant that is fresh.
func (s *scene) served(d client.TemplateDraft) (*template, *person, *ticket) {
	s.Helper()
	t := s.app().approve(d)
	ann := s.user("ann")
	t.grant(ann).deliver()
	return t, ann, t.grant(ann)
}

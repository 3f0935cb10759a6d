package notify

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// Bounds of templates.
const (
	titleRunes    = 64
	categoryRunes = 64
	labelRunes    = 32
	paramsMost    = 8
	enumMost      = 20 // values
	statesMost    = 20
	edgesMost     = 64
	cadenceMost   = 10 // notices in a period
	expiresMost   = 30 // days
	subjectMost   = 1_000_000
	pageBytes     = 256 // of a path, and of a query
)

// OpenCategories are those whose apps may have standing templates.
var OpenCategories = []string{"public_service", "health", "transport", "finance", "education"}

var (
	keyForm  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	pathForm = regexp.MustCompile(`^/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$`)
	types    = []string{typeText, typeName, typeNumber, typeAmount, typeDate, typeTime, typeCode, typePhone, typeEnum}
	periods  = map[string]time.Duration{"day": 24 * time.Hour, "week": 7 * 24 * time.Hour, "month": 30 * 24 * time.Hour}
)

// check refuses a draft that a moderator need not see. category is the app's.
func (d *Draft) check(category string) error {
	switch d.Scope {
	case grant.Once, grant.Progress, grant.Standing:
	default:
		return fault.BadRequest.At("/scope", "is none of once, progress, standing")
	}
	if d.Scope == grant.Standing && (d.Category != category || !slices.Contains(OpenCategories, category)) {
		return ErrScopeDenied
	}
	for _, text := range []struct {
		at, s string
		most  int
	}{{"/title", d.Title, titleRunes}, {"/category", d.Category, categoryRunes}} {
		if err := label(text.at, text.s, text.most); err != nil {
			return err
		}
	}
	if wrong := wrongPath(d.PagePattern); wrong != "" {
		return fault.BadRequest.At("/page_pattern", wrong)
	}
	switch {
	case d.ExpiresDays < 0 || d.ExpiresDays > expiresMost:
		return fault.BadRequest.At("/expires_days", fmt.Sprintf("is from 1 to %d", expiresMost))
	case d.ExpiresDays > 0 && d.Scope == grant.Standing:
		return fault.BadRequest.At("/expires_days", "is not for standing templates")
	case d.SubjectSize < 0 || d.SubjectSize > subjectMost:
		return fault.BadRequest.At("/subject_size", fmt.Sprintf("is from 0 to %d", subjectMost))
	}
	if err := d.checkParams(); err != nil {
		return err
	}
	if err := d.checkStates(); err != nil {
		return err
	}
	return d.checkCadence()
}

// label refuses what cannot be shown as a title or label. A moderator reads the
// words; addresses and numbers to call are refused without one.
func label(at, s string, most int) error {
	wrong := unfit(s)
	switch {
	case wrong != "":
	case !strings.ContainsFunc(s, drawn):
		wrong = "is empty"
	case strings.TrimSpace(s) != s:
		wrong = "has white space around it"
	case runes(s) > most:
		wrong = fmt.Sprintf("has more than %d characters", most)
	}
	if wrong != "" {
		return fault.BadRequest.At(at, wrong)
	}
	if what := find(s); what != "" && what != advert {
		return ErrContent.At(at, string(what))
	}
	return nil
}

func (d *Draft) checkParams() error {
	if len(d.Params) > paramsMost {
		return fault.BadRequest.At("/params", fmt.Sprintf("has more than %d params", paramsMost))
	}
	keys, texts := map[string]bool{}, 0
	for i, p := range d.Params {
		at := fmt.Sprintf("/params/%d", i)
		most, sized := valueRunes[p.Type]
		switch {
		case !keyForm.MatchString(p.Key):
			return fault.BadRequest.At(at+"/key", "is not 1 to 32 of a-z, 0-9 and _, beginning with a letter")
		case keys[p.Key]:
			return fault.BadRequest.At(at+"/key", "is there twice")
		case !slices.Contains(types, p.Type):
			return fault.BadRequest.At(at+"/type", "is none of "+strings.Join(types, ", "))
		case p.Role != Locked && p.Role != Free:
			return fault.BadRequest.At(at+"/role", "is neither locked nor free")
		case p.Max != 0 && (!sized || p.Max < 1 || p.Max > most):
			return fault.BadRequest.At(at+"/max", "is for text20, name and code, from 1 to 20")
		case p.Type != typeEnum && len(p.Values) > 0:
			return fault.BadRequest.At(at+"/values", "is for enum only")
		case p.Type == typeText && d.Scope == grant.Standing:
			return fault.BadRequest.At(at+"/type", "is free text, which standing templates have none of")
		}
		if err := label(at+"/label", p.Label, labelRunes); err != nil {
			return err
		}
		if err := checkValues(at+"/values", p); err != nil {
			return err
		}
		keys[p.Key] = true
		if p.Type == typeText {
			texts++
		}
	}
	if texts > 1 {
		return fault.BadRequest.At("/params", "has more than one free text")
	}
	return nil
}

func checkValues(at string, p Param) error {
	if p.Type != typeEnum {
		return nil
	}
	if len(p.Values) == 0 || len(p.Values) > enumMost {
		return fault.BadRequest.At(at, fmt.Sprintf("has not 1 to %d values", enumMost))
	}
	for i, v := range p.Values {
		at := fmt.Sprintf("%s/%d", at, i)
		if err := label(at, v, labelRunes); err != nil {
			return err
		}
		if plain(v) != v {
			return fault.BadRequest.At(at, "is not in its compatible form (NFKC)")
		}
		if slices.Contains(p.Values[:i], v) {
			return fault.BadRequest.At(at, "is there twice")
		}
	}
	return nil
}

// checkStates refuses states that are not a way forward from the first one.
func (d *Draft) checkStates() error {
	if d.Scope != grant.Progress {
		if len(d.States) > 0 || len(d.Edges) > 0 || len(d.StateLabels) > 0 {
			return fault.BadRequest.At("/states", "is for progress only")
		}
		return nil
	}
	if len(d.States) == 0 || len(d.States) > statesMost {
		return fault.BadRequest.At("/states", fmt.Sprintf("has not 1 to %d states", statesMost))
	}
	for i, s := range d.States {
		at := fmt.Sprintf("/states/%d", i)
		if err := label(at, s, labelRunes); err != nil {
			return err
		}
		if slices.Contains(d.States[:i], s) {
			return fault.BadRequest.At(at, "is there twice")
		}
	}
	for _, state := range sorted(d.StateLabels) { // the first wrong one is told
		at := pointer("/state_labels", state)
		if !slices.Contains(d.States, state) {
			return fault.BadRequest.At(at, "is of a state that is none")
		}
		if err := label(at, d.StateLabels[state], labelRunes); err != nil {
			return err
		}
	}
	return d.checkEdges()
}

func (d *Draft) checkEdges() error {
	if len(d.Edges) > edgesMost {
		return fault.BadRequest.At("/edges", fmt.Sprintf("has more than %d edges", edgesMost))
	}
	for i, e := range d.Edges {
		at := fmt.Sprintf("/edges/%d", i)
		from, to := slices.Index(d.States, e.From), slices.Index(d.States, e.To)
		switch {
		case from < 0 || to < 0:
			return fault.BadRequest.At(at, "names a state that is none")
		case from >= to:
			return fault.BadRequest.At(at, "does not go forward")
		case slices.ContainsFunc(d.Edges[:i], func(o Edge) bool { return o.From == e.From && o.To == e.To }):
			return fault.BadRequest.At(at, "is there twice")
		}
	}
	return nil
}

func (d *Draft) checkCadence() error {
	switch c := d.Cadence; {
	case d.Scope != grant.Standing && c != nil:
		return fault.BadRequest.At("/cadence", "is for standing only")
	case d.Scope != grant.Standing:
		return nil
	case c == nil:
		return fault.BadRequest.At("/cadence", "is missing")
	case c.Uses < 1 || c.Uses > cadenceMost:
		return fault.BadRequest.At("/cadence/uses", fmt.Sprintf("is from 1 to %d", cadenceMost))
	case periods[c.Per] == 0:
		return fault.BadRequest.At("/cadence/per", "is none of day, week, month")
	}
	return nil
}

// wrongPath says why a path is not one of an app's pages: an absolute path that
// no browser reads in another way.
func wrongPath(p string) string {
	switch {
	case len(p) > pageBytes:
		return fmt.Sprintf("has more than %d bytes", pageBytes)
	case !pathForm.MatchString(p):
		return "is no absolute path of letters, digits and signs, without a query"
	case strings.Contains(p, "//"):
		return "has an empty step"
	}
	for step := range strings.SplitSeq(p, "/") {
		if step == "." || step == ".." {
			return "has a step up"
		}
	}
	return ""
}

// samePage tells whether a page is that of a pattern; its query is free.
func samePage(page, pattern string) bool {
	path, query, _ := strings.Cut(page, "?")
	if path != pattern || len(query) > pageBytes || unfit(query) != "" || strings.ContainsAny(query, "#\\ <>\"") {
		return false
	}
	_, err := url.ParseRequestURI(page)
	return err == nil
}

// after are the states that may be followed by state, "" for the beginning. ok is
// false if there is no such state.
func (d *Draft) after(state string) (from []string, ok bool) {
	if !slices.Contains(d.States, state) {
		return nil, false
	}
	if d.States[0] == state {
		from = append(from, "")
	}
	for _, e := range d.Edges {
		if e.To == state {
			from = append(from, e.From)
		}
	}
	return from, true
}

// alerts tells whether a step does; the beginning does.
func (d *Draft) alerts(from, to string) bool {
	if from == "" {
		return true
	}
	return slices.ContainsFunc(d.Edges, func(e Edge) bool { return e.From == from && e.To == to && e.Alert })
}

// ends tells whether no state follows.
func (d *Draft) ends(state string) bool {
	return !slices.ContainsFunc(d.Edges, func(e Edge) bool { return e.From == state })
}

package plan

import (
	"encoding/json"
	"io"

	"erg.build/erg/engine/trace"
)

// The form of the plan for programs. Fields are added, never changed.
type (
	jsonPlan struct {
		Variables []jsonValue   `json:"variables"`
		Sources   *jsonSources  `json:"sources,omitempty"`
		Contexts  []jsonContext `json:"contexts"`
		Deferred  []jsonGroup   `json:"deferred"`
		Edited    []string      `json:"edited"`
		Summary   jsonSummary   `json:"summary"`
	}
	jsonSources struct {
		Values  []jsonValue  `json:"values"`
		Actions []jsonAction `json:"actions"`
	}
	jsonContext struct {
		Context    string          `json:"context"`
		Target     string          `json:"target,omitempty"`
		Host       string          `json:"host,omitempty"`
		Toolchains []jsonToolchain `json:"toolchains"`
		Values     []jsonValue     `json:"values"`
		Actions    []jsonAction    `json:"actions"`
	}
	jsonToolchain struct {
		Address string `json:"address"`
		Version string `json:"version,omitempty"`
		Target  string `json:"target,omitempty"`
	}
	jsonValue struct {
		Address   string          `json:"address"`
		Type      string          `json:"type"`
		State     State           `json:"state"`
		Value     json.RawMessage `json:"value,omitempty"`
		Unchanged *bool           `json:"inputs_unchanged,omitempty"`
		Sensitive bool            `json:"sensitive,omitempty"`
		Site      string          `json:"site,omitempty"`
	}
	jsonAction struct {
		Action  string       `json:"action"`
		Target  string       `json:"target,omitempty"`
		Output  string       `json:"output"`
		Verdict string       `json:"verdict"`
		With    string       `json:"shared_with,omitempty"`
		Waits   []string     `json:"waits_for,omitempty"`
		Why     []jsonChange `json:"why,omitempty"`
	}
	jsonChange struct {
		What string `json:"what"`
		Name string `json:"name,omitempty"`
		Old  string `json:"old,omitempty"`
		New  string `json:"new,omitempty"`
	}
	jsonGroup struct {
		Context string   `json:"context"`
		What    string   `json:"what"`
		Waits   []string `json:"waits_for"`
	}
	jsonSummary struct {
		Run       int `json:"run"`
		MayRun    int `json:"may_run"`
		Restore   int `json:"restore"`
		Unchanged int `json:"unchanged"`
		Waiting   int `json:"waiting"`
	}
)

// JSON writes the whole plan as one object.
func (p *Plan) JSON(w io.Writer) error {
	out := jsonPlan{Variables: jsonValues(p.Variables), Contexts: []jsonContext{}, Deferred: []jsonGroup{}, Edited: p.Edited, Summary: jsonSummary(p.Summary)}
	for _, g := range p.Deferred {
		out.Deferred = append(out.Deferred, jsonGroup(g))
	}
	if s := p.Sources; s != nil {
		out.Sources = &jsonSources{jsonValues(s.Values), jsonActions(s.Actions)}
	}
	for _, c := range p.Contexts {
		j := jsonContext{Context: c.Context.String(), Target: c.Target, Toolchains: []jsonToolchain{}, Values: jsonValues(c.Values)}
		if c.Host != c.Context {
			j.Host = c.Host.String()
		}
		for _, t := range c.Toolchains {
			j.Toolchains = append(j.Toolchains, jsonToolchain{t.Address.String(), t.Version, t.Target})
		}
		j.Actions = jsonActions(c.Actions)
		out.Contexts = append(out.Contexts, j)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func jsonActions(list []Action) []jsonAction {
	out := make([]jsonAction, len(list))
	for i, a := range list {
		out[i] = jsonAction{Action: a.Name, Target: a.Target, Output: a.Output, Verdict: string(a.Verdict), With: a.With, Waits: a.Waits, Why: jsonChanges(a.Why)}
	}
	return out
}

func jsonValues(vs []Value) []jsonValue {
	out := make([]jsonValue, len(vs))
	for i, v := range vs {
		out[i] = jsonValue{Address: v.Address, Type: v.Type, State: v.State, Sensitive: v.Sensitive, Site: v.Site}
		if v.JSON != "" {
			out[i].Value = json.RawMessage(v.JSON)
		}
		if v.State == Predicted {
			out[i].Unchanged = &v.Unchanged
		}
	}
	return out
}

func jsonChanges(cs []trace.Change) []jsonChange {
	out := make([]jsonChange, len(cs))
	for i, c := range cs {
		out[i] = jsonChange(c)
	}
	return out
}

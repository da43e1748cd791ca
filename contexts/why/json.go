package why

import (
	"encoding/json"
	"io"
)

// The form of an explanation for programs. Fields are added, never changed.
type (
	jsonExplanation struct {
		Address string     `json:"address"`
		Because []jsonNode `json:"because"`
		Users   []string   `json:"goes_into,omitempty"`
		Now     *jsonNow   `json:"now,omitempty"`
	}
	jsonNow struct {
		Text    string     `json:"text"`
		Because []jsonNode `json:"because"`
	}
	jsonNode struct {
		Kind    Kind       `json:"kind"`
		Name    string     `json:"name"`
		Site    string     `json:"site,omitempty"`
		Text    string     `json:"text,omitempty"`
		Old     any        `json:"old,omitempty"`
		New     any        `json:"new,omitempty"`
		Build   uint32     `json:"build,omitempty"`
		Again   bool       `json:"explained_before,omitempty"`
		Because []jsonNode `json:"because,omitempty"`
	}
)

// JSON writes the explanation as one object.
func (e *Explanation) JSON(w io.Writer) error {
	out := jsonExplanation{Address: e.Address, Because: jsonNodes(e.Roots), Users: e.Users}
	if e.Now != nil {
		out.Now = &jsonNow{e.Now.Text, jsonNodes(e.Now.Chain)}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func jsonNodes(ns []*Node) []jsonNode {
	out := make([]jsonNode, len(ns))
	for i, n := range ns {
		out[i] = jsonNode{Kind: n.Kind, Name: n.label(), Site: n.Site, Text: n.Text, Old: jsonValue(n, n.Old), New: jsonValue(n, n.New),
			Build: n.Build, Again: n.Again, Because: jsonNodes(n.Below)}
	}
	return out
}

// jsonValue is the value of an element itself, and of anything else a string.
func jsonValue(n *Node, text string) any {
	if text == "" {
		return nil
	}
	if n.Kind == Element && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}

// Package browse serves pages that show a Ninja graph, one file at a time, for
// "erg ninja -t browse".
package browse

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"erg.build/erg/cmd/erg/internal/ninjacmd"
)

// Serve serves pages, and shows them to who sits there, until the context is
// done.
func Serve(ctx context.Context, env ninjacmd.Env, o ninjacmd.Browse) error {
	l, err := net.Listen("tcp", net.JoinHostPort(o.Host, strconv.Itoa(o.Port)))
	if err != nil {
		return err
	}
	host := o.Host
	if host == "" {
		host, _ = os.Hostname()
	}
	at := net.JoinHostPort(host, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	fmt.Fprintf(env.Stdout, "Web server running on %s, ctl-C to abort...\n", at)
	fmt.Fprintf(env.Stderr, "Web server pid %d\n", os.Getpid())
	if !o.Quiet {
		openBrowser(env.Getenv, "http://"+at)
	}
	return serve(ctx, l, handler{o.Pages})
}

// serve answers requests until the context is done.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// openBrowser shows a page to whoever sits there. The address was printed: it
// is no error if that is nobody.
func openBrowser(getenv func(string) string, address string) {
	programs := []string{getenv("BROWSER"), "xdg-open", "x-www-browser"}
	if runtime.GOOS == "darwin" {
		programs = []string{getenv("BROWSER"), "open"}
	}
	for _, p := range programs {
		if p == "" {
			continue
		}
		cmd := exec.Command(p, address)
		if cmd.Start() == nil {
			go cmd.Wait()
			return
		}
	}
}

// A handler serves pages: "/?TARGET" is that of a target.
type handler struct{ pages *ninjacmd.Pages }

// ServeHTTP implements http.Handler.
func (h handler) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	switch {
	case q.Method != http.MethodGet && q.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the graph can only be looked at", http.StatusMethodNotAllowed)
		return
	case q.URL.Path != "/":
		http.NotFound(w, q)
		return
	}
	if q.URL.RawQuery == "" {
		first, err := h.pages.First()
		if err != nil {
			show(w, page{Title: "No graph", Err: err.Error()})
			return
		}
		w.Header().Set("Location", "/?"+url.PathEscape(first))
		w.WriteHeader(http.StatusFound)
		return
	}
	target, err := url.PathUnescape(q.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p, err := h.pages.Page(target)
	if err != nil {
		show(w, page{Title: target, Err: err.Error()})
		return
	}
	show(w, page{Title: p.Path, Page: p})
}

// A page shows a file, or why there is none to show.
type page struct {
	Title, Err string
	*ninjacmd.Page
}

func show(w http.ResponseWriter, p page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	if p.Err != "" {
		w.WriteHeader(http.StatusNotFound)
	}
	pageTemplate.Execute(w, p) // whoever has gone away needs no error
}

var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<title>{{.Title}}</title>
<style>
body { font: 0.9em sans-serif; margin: 4ex; }
h1 { font-weight: normal; font-size: 140%; text-align: center; }
h2 { font-weight: normal; font-size: 120%; }
h1, a, code, pre { font-family: monospace; }
ul { columns: 60ex auto; list-style: none; padding: 0; }
pre { white-space: pre-wrap; }
</style>
<h1>{{.Title}}</h1>
{{define "files"}}<ul>
{{range .}}<li><a href="?{{.}}">{{.}}</a>
{{end}}</ul>
{{end -}}
{{if .Err}}<pre>{{.Err}}</pre>
{{else -}}
{{range .Wrong}}<p>{{.}}
{{end -}}
{{if .Rule}}<h2>target is built using rule <code>{{.Rule}}</code> ({{.Where}}) of</h2>
<ul>
{{range .Inputs}}<li><a href="?{{.Path}}">{{.Path}}</a>{{with .Kind}} ({{.}}){{end}}
{{end}}</ul>
{{with .Command}}<pre>{{.}}</pre>
{{end}}{{end -}}
{{with .Recorded}}<h2>and was found to read</h2>
{{template "files" .}}{{end -}}
{{with .Validations}}<h2>validations:</h2>
{{template "files" .}}{{end -}}
{{with .Outputs}}<h2>dependent edges build:</h2>
{{template "files" .}}{{end -}}
{{with .ValidationFor}}<h2>validation for:</h2>
{{template "files" .}}{{end -}}
{{end -}}
`))

package ninjacmd

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

	"erg.build/erg/contexts/ninja"
)

// browse serves pages that show the graph, one file at a time, until it is
// interrupted.
func (r *toolRun) browse(args []string) int {
	const noBrowser = 'n'
	set, args, ok := r.getopt(browseUsage, args, option{'p', "port", true}, option{'a', "hostname", true}, option{noBrowser, "no-browser", false})
	if !ok {
		return exitFailed
	}
	port, host := 8000, "localhost"
	if v, ok := set['p']; ok {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > 65535 {
			return r.error("browse: '%s' is no port", v)
		}
		port = n
	}
	if v, ok := set['a']; ok {
		host = v
	}
	b := &browsing{command: r.command}
	if len(args) > 0 {
		b.initial = args[0]
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return r.error("browse: %v", err)
	}
	if host == "" {
		host, _ = os.Hostname()
	}
	at := net.JoinHostPort(host, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	fmt.Fprintf(r.Stdout, "Web server running on %s, ctl-C to abort...\n", at)
	fmt.Fprintf(r.Stderr, "Web server pid %d\n", os.Getpid())
	if !has(set, noBrowser) {
		openBrowser(r.Getenv, "http://"+at)
	}
	if err := serve(r.ctx, l, b); err != nil {
		return r.error("browse: %v", err)
	}
	return exitOK
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

// browsing serves pages: "/?TARGET" is that of a target. It reads the build
// file for each, which changes while people look at it.
type browsing struct {
	*command
	initial string // target
}

func (b *browsing) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	switch {
	case q.Method != http.MethodGet && q.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the graph can only be looked at", http.StatusMethodNotAllowed)
		return
	case q.URL.Path != "/":
		http.NotFound(w, q)
		return
	}
	g, err := b.load()
	if err != nil {
		show(w, page{Title: b.file, Err: describe(err)})
		return
	}
	if q.URL.RawQuery == "" {
		w.Header().Set("Location", "/?"+url.PathEscape(b.first(g)))
		w.WriteHeader(http.StatusFound)
		return
	}
	target, err := url.PathUnescape(q.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	v := (&toolRun{command: b.command, g: g}).viewer()
	f, err := v.find(target)
	if err != nil {
		show(w, page{Title: target, Err: err.Error()})
		return
	}
	show(w, page{Title: f.Path, view: f, Recorded: b.read(g, f.Path), Wrong: v.wrong})
}

// first returns the target of the first page: the one that was asked for,
// else "all", else the first that is built by default.
func (b *browsing) first(g *ninja.Graph) string {
	const all = "all"
	if b.initial != "" {
		return b.initial
	}
	if _, ok := g.Lookup(all); !ok {
		if nodes, err := g.Defaults(); err == nil && len(nodes) > 0 {
			return g.Path(nodes[0])
		}
	}
	return all
}

// read returns what the edge of a file was found to read.
func (b *browsing) read(g *ninja.Graph, file string) []string {
	n, ok := g.Lookup(file)
	if !ok || g.Producer(n) == ninja.NoEdge {
		return nil
	}
	e := g.Producer(n)
	return discovered(b.recorded(g).Action(g.Path(g.Outputs(e)[0])))
}

// A page shows a file, or why there is none to show.
type page struct {
	Title, Err string
	*view
	Recorded []string
	Wrong    []string // with dyndep files
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

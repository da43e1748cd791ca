package helper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"erg.build/erg/toolchain/source"
)

// tries is how often a download is begun before it counts as failed, and pause
// the time between the first two.
const tries = 3

var pause = 500 * time.Millisecond

// A statusError is an answer that is no file.
type statusError struct{ status string }

func (e *statusError) Error() string { return "the server answers " + e.status }

// errAgain marks what may go better the next time.
var errAgain = errors.New("temporary")

// fetchURL downloads a file, or copies one of this machine. f and v are what
// w writes to: they begin anew with each try.
func fetchURL(ctx context.Context, r Request, f *os.File, v *source.Verifier, w *bounded) error {
	if !strings.Contains(r.Address, "://") {
		return copyFile(w, r.path(r.Address))
	}
	u, err := url.Parse(r.Address)
	if err != nil {
		return fmt.Errorf("%q is no URL", source.Redact(r.Address))
	}
	switch u.Scheme {
	case "file":
		return copyFile(w, u.Path)
	case "http", "https":
	default:
		return fmt.Errorf("%q: erg fetches http, https and file", u.Scheme)
	}
	for i := 1; ; i++ {
		err := download(ctx, u, w)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || i == tries || !errors.Is(err, errAgain) {
			return urlError(u, err)
		}
		if _, serr := f.Seek(0, io.SeekStart); serr != nil {
			return serr
		}
		if terr := f.Truncate(0); terr != nil {
			return terr
		}
		v.Reset()
		w.left = w.most
		select {
		case <-time.After(pause << (i - 1)):
		case <-ctx.Done():
		}
	}
}

// client has the environment's proxies, and no patience with servers that do
// not answer; how long a download takes is the network's affair.
var client = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: 20 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
	TLSHandshakeTimeout:   20 * time.Second,
	ResponseHeaderTimeout: 60 * time.Second,
	ForceAttemptHTTP2:     true,
	DisableCompression:    true, // the bytes that the integrity names are those of the file
}}

func download(ctx context.Context, u *url.URL, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "erg")
	resp, err := client.Do(req)
	if err != nil {
		var dns *net.DNSError
		if errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dns) && dns.IsNotFound {
			return err // nothing is there, and that will stay so for a while
		}
		return errors.Join(errAgain, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		err := error(&statusError{resp.Status})
		if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests {
			err = errors.Join(errAgain, err)
		}
		return err
	}
	body := &reading{r: resp.Body}
	_, err = io.Copy(w, body)
	if body.err != nil {
		return errors.Join(errAgain, body.err)
	}
	return err
}

// reading notes the error of a reader, apart from that of who is written to.
type reading struct {
	r   io.Reader
	err error
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

func urlError(u *url.URL, err error) error {
	shown := source.Redact(u.String())
	var status *statusError
	var hint *Error
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &hint):
		return err
	case errors.As(err, &status):
		return hinted(fmt.Errorf("cannot fetch %s: %w", shown, status), "is the URL right?")
	case errors.As(err, &dns):
		return hinted(fmt.Errorf("cannot fetch %s: the host cannot be found", shown), offlineHint)
	case errors.As(err, &op):
		return hinted(fmt.Errorf("cannot fetch %s: %w", shown, op.Err), offlineHint)
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err // it spells the URL, with what is secret in it
	}
	return hinted(fmt.Errorf("cannot fetch %s: %s", shown, strings.TrimPrefix(err.Error(), errAgain.Error()+"\n")), offlineHint)
}

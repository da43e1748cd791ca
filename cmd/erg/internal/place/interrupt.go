package place

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

var (
	interrupted, interrupt = context.WithCancelCause(context.Background())
	watch                  sync.Once
)

// Interruptible returns the context of a command. Once Watch was called the
// first interrupt ends it, so that the command can tidy up; a second one
// kills the process.
//
// Before that, so does the first: who only looks whether there is anything to do
// has nothing to tidy up, and to wait for signals takes threads, which take as
// long to start as a look at some hundred files.
func Interruptible() context.Context { return interrupted }

// Watch has interrupts end the context that Interruptible returns.
func Watch() {
	watch.Do(func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		context.AfterFunc(ctx, func() {
			interrupt(context.Cause(ctx))
			stop()
		})
	})
}

package sqlite

import (
	"context"
	"time"
)

const (
	// batchCap bounds one transaction: at 512 requests the flush is a small
	// part of it already, and those behind wait no longer than some 20 ms.
	batchCap = 512
	// queueCap is two batches: one being written, one to follow. Who finds it
	// full waits with what it has.
	queueCap = 2 * batchCap
	// lazyWait is for how long lazy changes wait for others to ride with.
	lazyWait = 100 * time.Millisecond
)

// request is what one caller wants written, all of it or nothing.
type request struct {
	steps []step // the writer sets what each has changed
	lazy  bool
	err   error         // set by the writer, read after done
	done  chan struct{} // closed by the writer; nil if lazy
}

// submit queues a request and waits until it is durable or has failed.
func (j *Journal) submit(ctx context.Context, enc *encoder) error {
	if enc.err != nil {
		return enc.err
	}
	r := &request{steps: enc.steps, done: make(chan struct{})}
	select {
	case <-j.closing:
		return errClosed
	default:
	}
	select {
	case j.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-j.closing:
		return errClosed
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return ctx.Err()
	case <-j.stopped:
		select {
		case <-r.done: // the writer's last work
		default:
			return errClosed
		}
	}
	return r.err
}

// submitLazily queues a request that nobody waits for, or drops it.
func (j *Journal) submitLazily(enc *encoder) error {
	if enc.err != nil {
		return enc.err
	}
	select {
	case j.queue <- &request{steps: enc.steps, lazy: true}:
	default:
		j.log.Debug().Msg("the journal's queue is full: a lazy change is dropped")
	}
	return nil
}

// write is the writer's goroutine. It ends when the journal is closed and the
// queue is empty.
func (j *Journal) write(w *writer) {
	defer close(j.stopped)
	var batch []*request
	for more := true; more; {
		batch, more = j.collect(batch[:0])
		if len(batch) > 0 {
			w.commit(batch)
		}
		clear(batch)
	}
	j.endErr = w.close()
}

// collect waits for work and takes what is queued. Lazy changes alone wait
// for lazyWait. It returns false when the journal is closing and this is all.
func (j *Journal) collect(batch []*request) ([]*request, bool) {
	var patience <-chan time.Time
	for {
		select {
		case r := <-j.queue:
			batch = append(batch, r)
			if !r.lazy {
				return j.drain(batch), true
			}
			if len(batch) == batchCap {
				return batch, true
			}
			if patience == nil {
				timer := time.NewTimer(lazyWait)
				defer timer.Stop()
				patience = timer.C
			}
		case <-patience:
			return batch, true
		case <-j.closing:
			batch = j.drain(batch)
			return batch, len(batch) == batchCap
		}
	}
}

// drain takes what is queued, without waiting.
func (j *Journal) drain(batch []*request) []*request {
	for len(batch) < batchCap {
		select {
		case r := <-j.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

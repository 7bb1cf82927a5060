// Package fault wraps a journal that fails on cue, so that other rooms can test
// what they do when the store can't be written, is slow, or forgets to say that
// it wrote. It is for tests alone, and knows nothing of how an engine heals.
package fault

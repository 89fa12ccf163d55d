// SPDX-License-Identifier: Apache-2.0

// A Go program that panics and is told to leave a core: its unwind tables are .debug_frame, it has no build-id note, and its
// names have slashes and dots.
package main

import (
	"os"
	"runtime/debug"
	"strings"
)

type order struct {
	items map[string]*int
}

//go:noinline
func (o *order) price(name string) int {
	return *o.items[name] + 1
}

//go:noinline
func checkout(names []string) int {
	sum := 0
	o := &order{items: map[string]*int{}}
	each := func(name string) { sum += o.price(strings.ToLower(name)) }
	for _, name := range names {
		each(name)
	}
	return sum
}

func main() {
	debug.SetTraceback("crash")
	os.Exit(checkout([]string{"A", "B"}))
}

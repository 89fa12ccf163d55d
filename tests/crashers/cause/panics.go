// SPDX-License-Identifier: Apache-2.0

// The ways in which Go programs end themselves: the argument says which. With GOTRACEBACK=crash they leave a core.
package main

import "os"

type order struct{ id, total int }

//go:noinline
func member(o *order, n int) int { return n*n + o.total }

//go:noinline
func index(items []int, at int) int { return items[at] }

//go:noinline
func slice(items []int, to int) int { return len(items[1:to]) }

//go:noinline
func divide(a, b int) int { return a / b }

//go:noinline
func explicit(id int) { panic("no address") }

//go:noinline
func convert(v interface{}) string { return v.(string) }

//go:noinline
func write(m map[string]int) { m["x"] = 1 }

//go:noinline
func locked() {
	c := make(chan int)
	<-c
}

func main() {
	items := []int{1, 2, 3}
	n := len(os.Args) + 5

	switch os.Args[1] {
	case "member":
		println(member(nil, n))
	case "index":
		println(index(items, n))
	case "slice":
		println(slice(items, n))
	case "divide":
		println(divide(n, len(os.Args)-2))
	case "explicit":
		explicit(n)
	case "convert":
		println(convert(n))
	case "write":
		write(nil)
	case "locked":
		locked()
	}
}

// SPDX-License-Identifier: Apache-2.0
// bugs BUG WAY in Go: as bugs.c. Dies with a core when GOTRACEBACK is crash.
package main

import (
	"fmt"
	"os"
	"sort"
)

type order struct {
	lines    []int
	customer *customer
	notes    map[string]string
}
type customer struct{ name string }

func (o *order) line(at int) int      { return o.lines[at] }
func (o *order) name() string         { return o.customer.name }
func (o *order) note(about string)    { o.notes[about] = "late" }
func (o *order) refuse(why string)    { panic(fmt.Sprintf("order refused: %s (%d)", why, os.Getpid())) }
func (o *order) share(among int) int  { return o.lines[0] / among }
func tail(lines []int, from int) []int { return lines[from:] }
func text(v interface{}) string       { return v.(string) }

var number = len(os.Args) + 40

func indexBug()     { fmt.Println(fresh().line(number)) }
func nilBug()       { fmt.Println(fresh().name()) }
func nilMapBug()    { fresh().note("delivery") }
func explicitBug()  { fresh().refuse("too late") }
func divideBug()    { fmt.Println(fresh().share(number - len(os.Args) - 40)) }
func sliceBug()     { fmt.Println(tail(fresh().lines, number)) }
func assertionBug() { fmt.Println(text(number)) }
func sortBug() {
	all := []*order{fresh(), nil, fresh()}
	sort.Slice(all, func(i, j int) bool { return all[i].lines[0] < all[j].lines[0] })
}

func fresh() *order { return &order{lines: []int{1, 2, 3}} }

func handleEvent(f func()) { f() }
func dispatchEvents(f func()) {
	for number > 0 {
		handleEvent(f)
	}
}

func main() {
	bugs := map[string]func(){"index": indexBug, "nil": nilBug, "nil_map": nilMapBug, "explicit": explicitBug,
		"divide": divideBug, "slice": sliceBug, "assertion": assertionBug, "sort": sortBug}
	f := bugs[os.Args[1]]
	switch os.Args[2] {
	case "0":
		f()
	case "1":
		dispatchEvents(f)
	default:
		done := make(chan bool)
		go func() {
			f()
			done <- true
		}()
		<-done
	}
}

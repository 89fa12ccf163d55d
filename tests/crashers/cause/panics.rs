// SPDX-License-Identifier: Apache-2.0
// The ways in which Rust programs end themselves: the argument says which.
use std::cell::RefCell;
use std::hint::black_box;

#[inline(never)]
fn index(items: &[u32], at: usize) -> u32 {
    items[at]
}

#[inline(never)]
fn range(items: &[u32], to: usize) -> usize {
    items[1..to].len()
}

#[inline(never)]
fn text(s: &str, to: usize) -> usize {
    s[..to].len()
}

#[inline(never)]
fn unwrap_none(v: Option<u32>) -> u32 {
    v.unwrap()
}

#[inline(never)]
fn expect_none(v: Option<u32>) -> u32 {
    v.expect("there is one")
}

#[inline(never)]
fn unwrap_error(s: &str) -> u32 {
    s.parse().unwrap()
}

#[inline(never)]
fn borrow(cell: &RefCell<u32>) -> u32 {
    let first = cell.borrow_mut();
    let second = cell.borrow();
    *first + *second
}

#[inline(never)]
fn divide(a: u32, b: u32) -> u32 {
    a / b
}

#[inline(never)]
fn add(a: u32, b: u32) -> u32 {
    a + b
}

#[inline(never)]
fn equal(a: u32, b: u32) {
    assert_eq!(a, b);
}

#[inline(never)]
fn explicit(order: u32) {
    panic!("order {} has no address", order);
}

#[inline(never)]
fn allocate(n: usize) -> Vec<u8> {
    vec![1; n]
}

#[inline(never)]
fn leave() {
    std::process::abort();
}

fn main() {
    let case = std::env::args().nth(1).unwrap_or_default();
    let items = black_box([1, 2, 3]);
    let n = black_box(7);

    match case.as_str() {
        "index" => println!("{}", index(&items, n)),
        "range" => println!("{}", range(&items, n)),
        "text" => println!("{}", text(black_box("äöü"), 3)),
        "unwrap_none" => println!("{}", unwrap_none(black_box(None))),
        "expect_none" => println!("{}", expect_none(black_box(None))),
        "unwrap_error" => println!("{}", unwrap_error(black_box("x"))),
        "borrow" => println!("{}", borrow(&RefCell::new(n as u32))),
        "divide" => println!("{}", divide(n as u32, black_box(0))),
        "add" => println!("{}", add(n as u32, black_box(u32::MAX))),
        "equal" => equal(n as u32, 8),
        "explicit" => explicit(n as u32),
        "allocate" => println!("{}", allocate(black_box(isize::MAX as usize / 2)).len()),
        "leave" => leave(),
        _ => (),
    }
}

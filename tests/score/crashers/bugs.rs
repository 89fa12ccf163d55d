// SPDX-License-Identifier: Apache-2.0
// bugs BUG WAY in Rust: as bugs.c.
use std::cell::RefCell;
use std::collections::HashMap;
use std::hint::black_box;

mod shop {
    use std::hint::black_box;
    pub struct Order {
        pub lines: Vec<u32>,
        pub customer: Option<String>,
    }
    impl Order {
        pub fn customer_name(&self) -> usize {
            self.customer.as_ref().unwrap().len()
        }
        pub fn line(&self, at: usize) -> u32 {
            self.lines[at]
        }
        pub fn tail(&self, from: usize) -> usize {
            self.lines[from..].len()
        }
        pub fn refuse(&self, why: &str) -> ! {
            panic!("order refused: {} ({} lines)", why, self.lines.len())
        }
        pub fn share(&self, among: u32) -> u32 {
            black_box(self.lines[0]) / among
        }
    }
    pub trait Priced {
        fn price(&self) -> u32;
    }
    impl Priced for Order {
        fn price(&self) -> u32 {
            let text = format!("{}x", self.lines.len());
            text.parse().expect("a price is a number")
        }
    }
    pub fn total<P: Priced>(all: &[P]) -> u32 {
        all.iter().map(|p| p.price()).sum()
    }
    #[inline(never)]
    pub fn peek(at: *const u32) -> u32 {
        unsafe { *at }
    }
}
use shop::Order;

fn order() -> Order {
    black_box(Order { lines: vec![1, 2, 3], customer: None })
}
fn unwrap_bug() {
    black_box(order().customer_name());
}
fn bounds_bug() {
    black_box(order().line(black_box(7)));
}
fn slice_bug() {
    black_box(order().tail(black_box(9)));
}
fn explicit_bug() {
    order().refuse(black_box("too late"));
}
fn divide_bug() {
    black_box(order().share(black_box(0)));
}
fn expect_bug() {
    black_box(shop::total(&[order()]));
}
fn null_bug() {
    black_box(shop::peek(black_box(16 as *const u32)));
}
fn borrow_twice(cell: &RefCell<u32>) -> u32 {
    let mut one = cell.borrow_mut();
    *one += 1;
    *cell.borrow_mut()
}
fn refcell_bug() {
    black_box(borrow_twice(&RefCell::new(black_box(1))));
}
fn price_of(prices: &HashMap<String, u32>, what: &str) -> u32 {
    prices[what]
}
fn map_bug() {
    black_box(price_of(&HashMap::new(), black_box("ink")));
}
fn sort_bug() {
    let mut all = vec![order(), order(), order()];
    all.sort_by(|a, b| a.customer.as_ref().unwrap().cmp(b.customer.as_ref().unwrap()));
    black_box(all.len());
}

fn handle_event(f: fn()) {
    f();
    black_box(());
}
fn dispatch_events(f: fn()) {
    while black_box(true) {
        handle_event(f);
    }
}
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let bugs: [(&str, fn()); 10] = [
        ("unwrap", unwrap_bug),
        ("bounds", bounds_bug),
        ("slice", slice_bug),
        ("explicit", explicit_bug),
        ("divide", divide_bug),
        ("expect", expect_bug),
        ("null", null_bug),
        ("refcell", refcell_bug),
        ("map", map_bug),
        ("sort", sort_bug),
    ];
    let f = bugs.iter().find(|b| b.0 == arguments[1]).unwrap().1;
    match arguments[2].as_str() {
        "0" => f(),
        "1" => dispatch_events(f),
        _ => std::thread::spawn(f).join().unwrap(),
    }
}

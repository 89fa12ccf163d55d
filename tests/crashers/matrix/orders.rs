// SPDX-License-Identifier: Apache-2.0
// What Rust does to names and frames: traits, generics, closures in iterators of the library, a crash in another
// thread than the first.
use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};

trait Discount {
    fn apply(&self, price: u32) -> u32;
}

struct Percent<const N: u32>;

impl<const N: u32> Discount for Percent<N> {
    #[inline(never)]
    fn apply(&self, price: u32) -> u32 {
        let nowhere = std::hint::black_box(std::ptr::null::<u32>());
        unsafe { nowhere.read_volatile() + price * N }
    }
}

struct Order<T> {
    items: BTreeMap<T, u32>,
}

impl<T: Ord + Clone> Order<T> {
    #[inline(never)]
    fn total(&self, discount: &dyn Discount) -> u32 {
        self.items
            .iter()
            .filter(|(_, price)| **price > 1)
            .map(|(_, price)| discount.apply(*price))
            .fold(0, |sum, price| sum + price)
    }
}

#[inline(never)]
fn checkout(names: &[&str]) -> u32 {
    let items = names.iter().enumerate().map(|(i, n)| (n.to_string(), i as u32 + 1)).collect();
    let order = Order { items };
    order.total(&Percent::<3>)
}

fn main() {
    let thread = std::thread::Builder::new().name("checkout".into());
    // Not while the first one is still being asked to make it.
    let both = Arc::new(Barrier::new(2));
    let its = both.clone();
    let work = thread.spawn(move || {
        its.wait();
        checkout(&["a", "b", "c"])
    });
    both.wait();
    let sum = work.unwrap().join().unwrap();
    std::process::exit(sum as i32);
}

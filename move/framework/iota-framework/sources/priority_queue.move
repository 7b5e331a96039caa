/// Values that come out in the order of their priorities, the largest first.
module iota::priority_queue;

/// There are no entries.
const EPopFromEmptyHeap: u64 = 0;
/// There are not as many values as priorities.
const ELengthsDiffer: u64 = 0;

/// A binary heap: no entry has a larger priority than the one at half its index.
public struct PriorityQueue<T: drop> has store, drop {
    entries: vector<Entry<T>>,
}

/// A value and its priority.
public struct Entry<T: drop> has store, drop {
    priority: u64,
    value: T,
}

/// Makes a queue of entries.
public fun new<T: drop>(mut entries: vector<Entry<T>>): PriorityQueue<T> {
    let mut parent = entries.length() / 2;
    while (parent > 0) {
        parent = parent - 1;
        sink(&mut entries, parent);
    };
    PriorityQueue { entries }
}

/// Takes an entry with the largest priority out. Aborts with `EPopFromEmptyHeap`.
public fun pop_max<T: drop>(pq: &mut PriorityQueue<T>): (u64, T) {
    assert!(!pq.entries.is_empty(), EPopFromEmptyHeap);
    let Entry { priority, value } = pq.entries.swap_remove(0);
    sink(&mut pq.entries, 0);
    (priority, value)
}

/// Adds an entry.
public fun insert<T: drop>(pq: &mut PriorityQueue<T>, priority: u64, value: T) {
    let mut at = pq.entries.length();
    pq.entries.push_back(Entry { priority, value });
    while (at > 0) {
        let parent = (at - 1) / 2;
        if (pq.entries[parent].priority >= priority) break;
        pq.entries.swap(at, parent);
        at = parent;
    }
}

/// Makes an entry.
public fun new_entry<T: drop>(priority: u64, value: T): Entry<T> { Entry { priority, value } }

/// Makes entries of priorities and as many values. Aborts with `ELengthsDiffer`.
public fun create_entries<T: drop>(p: vector<u64>, v: vector<T>): vector<Entry<T>> {
    assert!(p.length() == v.length(), ELengthsDiffer);
    p.zip_map!(v, |priority, value| Entry { priority, value })
}

/// Returns the priorities, as the heap has them.
public fun priorities<T: drop>(pq: &PriorityQueue<T>): vector<u64> { pq.entries.map_ref!(|entry| entry.priority) }

/// Swaps the entry at `at` with the larger of those below it until none is larger.
fun sink<T: drop>(entries: &mut vector<Entry<T>>, mut at: u64) {
    let length = entries.length();
    loop {
        let left = 2 * at + 1;
        let mut largest = at;
        if (left < length && entries[left].priority > entries[largest].priority) largest = left;
        if (left + 1 < length && entries[left + 1].priority > entries[largest].priority) largest = left + 1;
        if (largest == at) return;
        entries.swap(at, largest);
        at = largest;
    }
}

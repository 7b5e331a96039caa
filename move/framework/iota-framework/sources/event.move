/// Facts that a transaction leaves for those who watch.
module iota::event;

/// Records `event`, which must be of a type that the calling module declares.
public native fun emit<T: copy + drop>(event: T);

#[test_only]
/// Returns how many events the test has emitted so far in this transaction.
public native fun num_events(): u32;

#[test_only]
/// Returns the events of type `T` that the test has emitted so far in this transaction.
public native fun events_by_type<T: copy + drop>(): vector<T>;

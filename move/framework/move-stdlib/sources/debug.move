/// Printing while testing; a network ignores it.
module std::debug;

/// Prints a value.
public native fun print<T>(x: &T);

/// Prints where execution is.
public native fun print_stack_trace();

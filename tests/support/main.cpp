// The main of every test program: doctest's implementation, compiled once.
// Used by all programs of tests/; nothing else may define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

// A shared library that is no plugin.
extern "C" int jobpool_is_not_here() { return 0; }

# Writes the interface files as C++ string constants. Run at build time: cmake -DOUTPUT=… -P embed_interfaces.cmake -- FILE…
set(entries "")
set(count 0)
set(past_separator FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(index RANGE ${last})
  set(argument "${CMAKE_ARGV${index}}")
  if(past_separator)
    file(READ "${argument}" text)
    get_filename_component(name "${argument}" NAME)
    string(REGEX REPLACE "\\.varlink$" "" name "${name}")
    string(APPEND entries "    {\"${name}\", R\"varlink(${text})varlink\"},\n")
    math(EXPR count "${count} + 1")
  elseif(argument STREQUAL "--")
    set(past_separator TRUE)
  endif()
endforeach()
file(WRITE "${OUTPUT}" "// Made from the .varlink files by proto/embed_interfaces.cmake.
#include \"proto/interfaces.hpp\"

namespace jobpool::proto {

namespace {
constexpr Interface kInterfaces[] = {
${entries}};
}  // namespace

std::span<const Interface> interfaces() { return kInterfaces; }

}  // namespace jobpool::proto
")

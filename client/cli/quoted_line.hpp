// The words of a command as one line for people, which a shell would cut into the same words again; as the daemon describes a job. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace jobpool::cli {

// A word of letters, digits and %+,-./:=@_ stands as it is, any other between single quotes: echo 'a b'
std::string quoted_line(std::span<const std::string> words);

// Whether quoted_line() writes such a line: earlier versions wrote the words with spaces between, and no quotes.
bool may_be_quoted_line(std::string_view line);

}  // namespace jobpool::cli

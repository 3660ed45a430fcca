// Names in a folder that copies are put in. Some file systems have one name for several of the source's: "Makefile" and "makefile", "a" and
// "a.". So what replaces nothing asks the kernel, which knows, and not what the name looks like. Client and worker, any thread.
#pragma once

#include <optional>
#include <set>
#include <string>

namespace jobpool::copy {

// As they are listed, without "." and ".."; nullopt: errno says why.
std::optional<std::set<std::string>> names_in(int folder);

// Gives `from` the name `to` in one step, or fails with EEXIST where there is one. As rename: -1 with errno.
int rename_to_free_name(int folder, const std::string& from, const std::string& to);

inline constexpr const char* kNameIsTaken =
    "the target got something by this name meanwhile, which was left alone; two names of the source may be one there (upper and lower "
    "case?)";

}  // namespace jobpool::copy

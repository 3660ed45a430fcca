// See language.hpp. Not by setlocale: the program is linked statically and has no catalogues.
#include "client/cli/copy/language.hpp"

#include <cstdlib>
#include <string_view>

namespace jobpool::cli {

Language language_of(const char* lc_all, const char* lc_messages, const char* lang) {
  for (const char* value : {lc_all, lc_messages, lang})
    if (value != nullptr && *value != '\0') return std::string_view(value).starts_with("zh") ? Language::chinese : Language::english;
  return Language::english;
}

Language user_language() { return language_of(std::getenv("LC_ALL"), std::getenv("LC_MESSAGES"), std::getenv("LANG")); }

}  // namespace jobpool::cli

// Which language a person is spoken to in: Chinese where the locale says so, English else. Only what copy shows while and when it is done
// is in both; errors are in English everywhere.
#pragma once

namespace jobpool::cli {

enum class Language { english, chinese };

// The values of LC_ALL, LC_MESSAGES and LANG, in this order; null or empty: not set. Pure.
Language language_of(const char* lc_all, const char* lc_messages, const char* lang);
Language user_language();

}  // namespace jobpool::cli

// jobpool_manual SOURCE TARGET VERSION: makes a manual page of its source. A line "@OPTIONS@" becomes the options before the verb,
// "@VERBS@" all verbs with theirs, as the verbs themselves declare them: so the manual says what --help says. Runs in the build only.
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "client/cli/description.hpp"

namespace jobpool::cli {
namespace {

// As text of roff: no byte of it is a request.
std::string roff(std::string_view text) {
  std::string out;
  bool begins_line = true;
  for (const char letter : text) {
    if (begins_line && (letter == '.' || letter == '\'')) out += "\\&";
    begins_line = letter == '\n';
    if (letter == '-')
      out += "\\-";
    else if (letter == '\\')
      out += "\\e";
    else
      out += letter;
  }
  return out;
}

// Between quotes, as an argument of a request.
std::string roff_argument(std::string_view text) {
  std::string out = "\"";
  for (const char letter : roff(text)) out += letter == '"' ? std::string{"\\(dq"} : std::string(1, letter);
  return out + "\"";
}

// An example of several lines is aligned for --help.
std::string without_indent(const std::string& text) {
  std::string out;
  for (const char letter : text)
    if (letter != ' ' || (!out.empty() && out.back() != '\n')) out += letter;
  return out;
}

std::string options_text(const std::vector<OptionText>& options) {
  std::string text;
  for (const OptionText& option : options) {
    text += ".TP\n\\fB" + roff(option.names) + "\\fR";
    if (!option.placeholder.empty()) text += " \\fI" + roff(option.placeholder) + "\\fR";
    text += "\n" + roff(option.help) + "\n";
  }
  return text;
}

std::string verb_text(const Verb& verb) {
  const VerbText told = describe(verb);
  std::string text = ".SS " + roff_argument("jobpool " + told.synopsis) + "\n" + roff(told.purpose) + "\n";
  if (!verb.aliases.empty()) {
    text += ".PP\nAlso:";
    for (const std::string_view alias : verb.aliases) text += (alias == verb.aliases.front() ? " \\fB" : ", \\fB") + roff(alias) + "\\fR";
    text += "\n";
  }
  text += options_text(told.options) + ".PP\nExample:\n.PP\n.EX\n" + roff(without_indent(told.example)) + "\n.EE\n";
  // Some stand alone as well, and are described there.
  if (verb.verbs != nullptr)
    for (const Verb& inner : verb.verbs())
      if (describe(inner).synopsis.starts_with(std::string{verb.name} + " ")) text += verb_text(inner);
  return text;
}

std::string verbs_text() {
  std::string text;
  for (const Verb& verb : verbs()) text += verb_text(verb);
  return text;
}

std::string program_options_text() {
  const VerbText told = describe_program();
  return options_text(told.options) + options_text(told.common);
}

std::string page(std::istream& source, std::string_view version) {
  std::string text, line;
  while (std::getline(source, line)) {
    constexpr std::string_view kVersion = "@VERSION@";
    if (const std::size_t at = line.find(kVersion); at != std::string::npos) line.replace(at, kVersion.size(), version);
    if (line == "@OPTIONS@")
      text += program_options_text();
    else if (line == "@VERBS@")
      text += verbs_text();
    else
      text += line + "\n";
  }
  return text;
}

}  // namespace
}  // namespace jobpool::cli

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: jobpool_manual SOURCE TARGET VERSION\n", stderr);
    return 2;
  }
  std::ifstream source(argv[1]);
  std::ofstream target(argv[2]);
  target << jobpool::cli::page(source, argv[3]);
  target.close();
  if (source.is_open() && target) return 0;
  std::fprintf(stderr, "jobpool_manual: %s cannot be made of %s\n", argv[2], argv[1]);
  return 1;
}

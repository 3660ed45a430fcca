// The grammar:  interface = comment* "interface" name eol (member eol)*     member = typedef / method / error
//   typedef = "type" Name (struct / enum)      method = "method" Name struct "->" struct      error = "error" Name struct
//   struct = "(" (field ("," field)*)? ")"     enum = "(" word ("," word)* ")"                field = word ":" type
//   type = "?"? ("[]" / "[string]")* (bool / int / float / string / object / Name)      (inline structs and enums are in the grammar too;
//   we use none)
// White space and comments ("#" to the end of the line) stand between any two tokens.
#include "tests/unit/proto/interface_grammar.hpp"

#include <algorithm>
#include <cctype>

namespace jobpool::proto {
namespace {

bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

// [A-Z][A-Za-z0-9]*
bool is_type_name(std::string_view name) {
  return !name.empty() && std::isupper(static_cast<unsigned char>(name.front())) != 0 &&
         std::all_of(name.begin(), name.end(), is_alphanumeric);
}

// [A-Za-z](_?[A-Za-z0-9])*
bool is_word(std::string_view name) {
  return !name.empty() && is_letter(name.front()) && name.back() != '_' && name.find("__") == name.npos &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_alphanumeric(c) || c == '_'; });
}

// [A-Za-z](-*[A-Za-z0-9])*(\.[A-Za-z0-9](-*[A-Za-z0-9])*)+
bool is_interface_name(std::string_view name) {
  const auto is_part = [](std::string_view part) {
    return !part.empty() && part.front() != '-' && part.back() != '-' &&
           std::all_of(part.begin(), part.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
  };
  if (name.empty() || !is_letter(name.front()) || name.find('.') == name.npos) return false;
  for (std::size_t dot; (dot = name.find('.')) != name.npos; name.remove_prefix(dot + 1))
    if (!is_part(name.substr(0, dot))) return false;
  return is_part(name);
}

const std::set<std::string> kBuiltin{"bool", "int", "float", "string", "object"};

bool is_token_character(char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; }

// Throws std::string, caught by parse_interface: a test's parser may, and it keeps the grammar readable.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  InterfaceFile file() {
    expect("interface");
    result_.name = named(is_interface_name);
    while (!peek().empty()) member();
    for (const std::string& name : used_types_)
      if (!result_.structs.contains(name) && !result_.enums.contains(name)) throw "type " + name + " is not declared";
    return std::move(result_);
  }

  std::size_t line() const { return line_; }

 private:
  void skip_space() {
    while (!rest_.empty() && (std::isspace(static_cast<unsigned char>(rest_.front())) != 0 || rest_.front() == '#')) {
      const bool is_comment = rest_.front() == '#';
      if (is_comment) result_.has_inner_comments |= inside_;
      const std::size_t length = is_comment ? std::min(rest_.find('\n'), rest_.size()) : 1;
      line_ += rest_.front() == '\n' ? 1 : 0;
      rest_.remove_prefix(length);
    }
  }

  // The next token; empty at the end.
  std::string peek() {
    skip_space();
    if (rest_.empty()) return "";
    if (rest_.starts_with("->")) return "->";
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_character);
    return std::string(rest_.substr(0, std::max<std::size_t>(1, static_cast<std::size_t>(end - rest_.begin()))));
  }
  std::string take() {
    std::string token = peek();
    rest_.remove_prefix(token.size());
    return token;
  }
  bool take_if(const std::string& token) { return peek() == token && !take().empty(); }
  void expect(const std::string& token) {
    if (const std::string found = take(); found != token) throw "expected '" + token + "', found '" + found + "'";
  }
  std::string named(bool (*is_name)(std::string_view)) {
    std::string name = take();
    if (!is_name(name)) throw "'" + name + "' is no name";
    return name;
  }

  void member() {
    const std::string kind = take();
    inside_ = true;
    const std::string name = named(is_type_name);
    if (!declared_.insert(name).second) throw name + " is declared twice";
    if (kind == "type") {
      type_body(name);
    } else if (kind == "method") {
      InterfaceFile::Method& method = result_.methods[name];
      method.input = fields();
      expect("->");
      method.output = fields();
    } else if (kind == "error") {
      result_.errors[name] = fields();
    } else {
      throw "'" + kind + "' begins no declaration";
    }
    inside_ = false;
    const std::size_t before = line_;
    skip_space();
    if (!rest_.empty() && line_ == before) throw std::string("a declaration must end its line");
  }

  void type_body(const std::string& name) {
    const std::string_view start = rest_;
    expect("(");
    const std::string word = peek() == ")" ? "" : named(is_word);
    const bool is_struct = word.empty() || peek() == ":";
    rest_ = start;
    if (is_struct)
      result_.structs[name] = fields();
    else
      result_.enums[name] = words();
  }

  std::vector<std::string> words() {
    std::vector<std::string> words;
    expect("(");
    do words.push_back(named(is_word));
    while (take_if(","));
    expect(")");
    if (std::set<std::string>(words.begin(), words.end()).size() != words.size()) throw std::string("a word is there twice");
    return words;
  }

  std::vector<InterfaceField> fields() {
    std::vector<InterfaceField> fields;
    std::set<std::string> names;
    expect("(");
    if (take_if(")")) return fields;
    do {
      std::string name = named(is_word);
      if (!names.insert(name).second) throw "field " + name + " is there twice";
      expect(":");
      fields.push_back({name, type()});
    } while (take_if(","));
    expect(")");
    return fields;
  }

  std::string type() {
    take_if("?");
    while (take_if("[")) {
      take_if("string");
      expect("]");
    }
    const std::string name = take();
    if (kBuiltin.contains(name)) return name;
    if (!is_type_name(name)) throw "'" + name + "' is no type";
    used_types_.insert(name);
    return name;
  }

  std::string_view rest_;
  std::size_t line_ = 1;
  bool inside_ = false;
  std::set<std::string> declared_, used_types_;
  InterfaceFile result_;
};

}  // namespace

Result<InterfaceFile> parse_interface(std::string_view text) {
  Parser parser(text);
  try {
    return parser.file();
  } catch (const std::string& complaint) {
    return Error{Errc::protocol, "line " + std::to_string(parser.line()) + ": " + complaint};
  }
}

}  // namespace jobpool::proto

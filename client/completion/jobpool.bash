# bash completion for jobpool and jobpoold. What can stand where, jobpool itself says: `jobpool __complete WORD…`, which asks the daemon for
# ids, pools and queues, and starts none.

# The words of the line up to the cursor, as the program would get them, into `words`; the last of bash's pieces of them, into `cut`. bash cuts
# at = and : as well.
_jobpool_words() {
  local rest=${COMP_LINE:0:COMP_POINT} word stripped i
  words=() cut=''
  for ((i = 0; i <= COMP_CWORD; i++)); do
    stripped=${rest#"${rest%%[![:space:]]*}"}
    word=${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && word=$stripped cut=$stripped
    if ((i == 0)) || [[ $stripped != "$rest" || $word == "" ]]; then
      words+=("$word")
    else
      words[-1]+=$word
    fi
    rest=${stripped:${#word}}
  done
}

_jobpool() {
  local -a words
  local program value directive='' glued piece cut
  COMPREPLY=()
  _jobpool_words
  program=${words[0]/#\~/$HOME}
  # What bash replaces is the last piece only, and of that the part before the cursor.
  piece=$cut
  [[ $piece == [=:] ]] && piece=''
  glued=${words[-1]%"$piece"}
  while IFS= read -r value; do
    if [[ $value == :* ]]; then
      directive=$value
    else
      value=${value%%$'\t'*}
      COMPREPLY+=("${value#"$glued"}")
    fi
  done < <("$program" __complete "${words[@]:1}" 2>/dev/null)
  case $directive in
    :files) compopt -o default 2>/dev/null ;;
    :directories) compopt -o dirnames 2>/dev/null ;;
    :commands) while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -c -- "${words[-1]}" | sort -u) ;;
  esac
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}

# Its few options, as it says them.
_jobpoold() {
  local -a words
  local program=${COMP_WORDS[0]/#\~/$HOME} cut value
  COMPREPLY=()
  _jobpool_words
  if [[ $cut != -* ]]; then
    compopt -o default 2>/dev/null
    return 0
  fi
  while IFS= read -r value; do
    [[ $value == "$cut"* ]] && COMPREPLY+=("$value")
  done < <("$program" --help 2>/dev/null | grep -oE '(^|[ ,])--?[a-zA-Z][a-z-]*' | tr -d ' ,')
  return 0
}

complete -F _jobpool jobpool
complete -F _jobpoold jobpoold

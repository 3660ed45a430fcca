# fish completion for jobpool and jobpoold. What can stand where, jobpool itself says: `jobpool __complete WORD…`, which asks the daemon for
# ids, pools and queues, and starts none.

# The program of the line, as it can be run: fish leaves the ~ to whoever runs it.
function __jobpool_program
    set -l words (commandline -opc)
    string replace -r -- '^~(?=/)' "$HOME" $words[1]
end

function __jobpool_complete
    set -l words (commandline -opc)
    # A word that has just begun with a quote has no end of it yet.
    set -l current (string replace -r -- '^["\']' '' (commandline -ct))
    set -l program (__jobpool_program)
    # Of --output=/etc/ho the path is what stands behind the sign.
    set -l option (string match -r -- '^--[a-z-]+=' "$current")
    set -l path (string replace -- "$option" '' "$current")
    for line in ($program __complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files'
                string replace -r -- '^' "$option" (__fish_complete_path "$path")
            case ':directories'
                string replace -r -- '^' "$option" (__fish_complete_directories "$path")
            case ':commands'
                __fish_complete_command
            case ':*'
            case '*'
                echo $line
        end
    end
end

function __jobpoold_options
    set -l program (__jobpool_program)
    $program --help 2>/dev/null | string match -ra -- '(?:^|[ ,])(--?[a-zA-Z][a-z-]*)' | string match -r -- '^-.*'
end

complete -c jobpool -f -a '(__jobpool_complete)'
complete -c jobpoold -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__jobpoold_options)'

# fish completion for jobpool and jobpoold. What can stand where, jobpool itself says: `jobpool __complete WORD…`, which asks the daemon for
# ids, pools and queues, and starts none.

function __jobpool_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$current"
            case ':directories'
                __fish_complete_directories "$current"
            case ':commands'
                __fish_complete_command
            case ':*'
            case '*'
                echo $line
        end
    end
end

function __jobpoold_options
    set -l words (commandline -opc)
    $words[1] --help 2>/dev/null | string match -ra -- '(?:^|[ ,])(--?[a-zA-Z][a-z-]*)' | string match -r -- '^-.*'
end

complete -c jobpool -f -a '(__jobpool_complete)'
complete -c jobpoold -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__jobpoold_options)'

# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_bascule_global_optspecs
    string join \n config= log-format= log-level= h/help V/version
end

function __fish_bascule_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_bascule_global_optspecs) -- $cmd 2>/dev/null
    or return 0
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_bascule_using_subcommand
    set -l cmd (__fish_bascule_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c bascule -n "__fish_bascule_needs_command" -l config -d 'Configuration file [default: /etc/bascule/config.toml if it exists, else the built-in one]' -r -F
complete -c bascule -n "__fish_bascule_needs_command" -l log-format -d 'How the log looks; auto: in the journal with its fields where that is standard error' -r -f -a "auto\t''
text\t''
json\t''"
complete -c bascule -n "__fish_bascule_needs_command" -l log-level -d 'What is logged, at least [default: info for the daemon, nothing for other commands]' -r -f -a "error\t''
warn\t''
info\t''
debug\t''
trace\t''"
complete -c bascule -n "__fish_bascule_needs_command" -s h -l help -d 'Print help'
complete -c bascule -n "__fish_bascule_needs_command" -s V -l version -d 'Print version'
complete -c bascule -n "__fish_bascule_needs_command" -f -a "run" -d 'Run the daemon (also without a command)'
complete -c bascule -n "__fish_bascule_needs_command" -f -a "check" -d 'Read the configuration, and say what it will do or what is wrong with it'
complete -c bascule -n "__fish_bascule_needs_command" -f -a "probe" -d 'Probe once, now, and tell it layer by layer'
complete -c bascule -n "__fish_bascule_needs_command" -f -a "status" -d 'Say what a running daemon thinks: what to use now, and how each network is'
complete -c bascule -n "__fish_bascule_needs_command" -f -a "outages" -d 'List outages, running and finished, from a running daemon'
complete -c bascule -n "__fish_bascule_needs_command" -f -a "config" -d 'Print the configuration with every key resolved'
complete -c bascule -n "__fish_bascule_needs_command" -f -a "replay" -d 'Replay a recorded outage through the judging code, in virtual time'
complete -c bascule -n "__fish_bascule_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c bascule -n "__fish_bascule_using_subcommand run" -l config -d 'Configuration file [default: /etc/bascule/config.toml if it exists, else the built-in one]' -r -F
complete -c bascule -n "__fish_bascule_using_subcommand run" -l log-format -d 'How the log looks; auto: in the journal with its fields where that is standard error' -r -f -a "auto\t''
text\t''
json\t''"
complete -c bascule -n "__fish_bascule_using_subcommand run" -l log-level -d 'What is logged, at least [default: info for the daemon, nothing for other commands]' -r -f -a "error\t''
warn\t''
info\t''
debug\t''
trace\t''"
complete -c bascule -n "__fish_bascule_using_subcommand run" -s h -l help -d 'Print help'
complete -c bascule -n "__fish_bascule_using_subcommand check" -l config -d 'Configuration file [default: /etc/bascule/config.toml if it exists, else the built-in one]' -r -F
complete -c bascule -n "__fish_bascule_using_subcommand check" -l log-format -d 'How the log looks; auto: in the journal with its fields where that is standard error' -r -f -a "auto\t''
text\t''
json\t''"
complete -c bascule -n "__fish_bascule_using_subcommand check" -l log-level -d 'What is logged, at least [default: info for the daemon, nothing for other commands]' -r -f -a "error\t''
warn\t''
info\t''
debug\t''
trace\t''"
complete -c bascule -n "__fish_bascule_using_subcommand check" -s h -l help -d 'Print help'
complete -c bascule -n "__fish_bascule_using_subcommand probe" -l config -d 'Configuration file [default: /etc/bascule/config.toml if it exists, else the built-in one]' -r -F
complete -c bascule -n "__fish_bascule_using_subcommand probe" -l log-format -d 'How the log looks; auto: in the journal with its fields where that is standard error' -r -f -a "auto\t''
text\t''
json\t''"
complete -c bascule -n "__fish_bascule_using_subcommand probe" -l log-level -d 'What is logged, at least [default: info for the daemon, nothing for other commands]' -r -f -a "error\t''
warn\t''
info\t''
debug\t''
trace\t''"
complete -c bascule -n "__fish_bascule_using_subcommand probe" -l json -d 'Tell it to programs: one JSON array'
complete -c bascule -n "__fish_bascule_using_subcommand probe" -l plain -d 'Draw without colours and with ASCII only'
complete -c bascule -n "__fish_bascule_using_subcommand probe" -s h -l help -d 'Print help'
complete -c bascule -n "__fish_bascule_using_subcommand status" -l url -d 'Where the daemon listens: http:// or https://' -r
complete -c bascule -n "__fish_bascule_using_subcommand status" -l user -d 'The user name that the daemon asks for' -r
complete -c bascule -n "__fish_bascule_using_subcommand status" -l password-file -d 'The file that holds the password' -r
complete -c bascule -n "__fish_bascule_using_subcommand status" -l ca-file -d 'Certificates of authorities to trust, besides the system\'s (PEM)' -r
complete -c bascule -n "__fish_bascule_using_subcommand status" -l cert-file -d 'The certificate to show to the daemon (PEM)' -r
complete -c bascule -n "__fish_bascule_using_subcommand status" -l key-file -d 'Its private key (PEM)' -r
complete -c bascule -n "__fish_bascule_using_subcommand status" -l watch -d 'Ask again every so many seconds, 1 to 3600, until Ctrl-C: drawn in place on a terminal, and told again in a pipe when something has changed' -r
complete -c bascule -n "__fish_bascule_using_subcommand status" -l config -d 'Configuration file [default: /etc/bascule/config.toml if it exists, else the built-in one]' -r -F
complete -c bascule -n "__fish_bascule_using_subcommand status" -l log-format -d 'How the log looks; auto: in the journal with its fields where that is standard error' -r -f -a "auto\t''
text\t''
json\t''"
complete -c bascule -n "__fish_bascule_using_subcommand status" -l log-level -d 'What is logged, at least [default: info for the daemon, nothing for other commands]' -r -f -a "error\t''
warn\t''
info\t''
debug\t''
trace\t''"
complete -c bascule -n "__fish_bascule_using_subcommand status" -l json -d 'Tell it to programs: the document of /status.json'
complete -c bascule -n "__fish_bascule_using_subcommand status" -s h -l help -d 'Print help'
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l url -d 'Where the daemon listens: http:// or https://' -r
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l user -d 'The user name that the daemon asks for' -r
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l password-file -d 'The file that holds the password' -r
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l ca-file -d 'Certificates of authorities to trust, besides the system\'s (PEM)' -r
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l cert-file -d 'The certificate to show to the daemon (PEM)' -r
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l key-file -d 'Its private key (PEM)' -r
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l since -d 'Outages that ended so long ago at most, or have not ended' -r
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l network -d 'Those of one network' -r
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l config -d 'Configuration file [default: /etc/bascule/config.toml if it exists, else the built-in one]' -r -F
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l log-format -d 'How the log looks; auto: in the journal with its fields where that is standard error' -r -f -a "auto\t''
text\t''
json\t''"
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l log-level -d 'What is logged, at least [default: info for the daemon, nothing for other commands]' -r -f -a "error\t''
warn\t''
info\t''
debug\t''
trace\t''"
complete -c bascule -n "__fish_bascule_using_subcommand outages" -l json -d 'Tell it to programs: the document of /api/v1/outages, with the evidence'
complete -c bascule -n "__fish_bascule_using_subcommand outages" -s h -l help -d 'Print help'
complete -c bascule -n "__fish_bascule_using_subcommand config" -l config -d 'Configuration file [default: /etc/bascule/config.toml if it exists, else the built-in one]' -r -F
complete -c bascule -n "__fish_bascule_using_subcommand config" -l log-format -d 'How the log looks; auto: in the journal with its fields where that is standard error' -r -f -a "auto\t''
text\t''
json\t''"
complete -c bascule -n "__fish_bascule_using_subcommand config" -l log-level -d 'What is logged, at least [default: info for the daemon, nothing for other commands]' -r -f -a "error\t''
warn\t''
info\t''
debug\t''
trace\t''"
complete -c bascule -n "__fish_bascule_using_subcommand config" -l default -d 'The built-in configuration, whatever files there are'
complete -c bascule -n "__fish_bascule_using_subcommand config" -s h -l help -d 'Print help'
complete -c bascule -n "__fish_bascule_using_subcommand replay" -l label -d 'A label of every sample, as if scraped; again for more [default: job=bascule, instance=replay]' -r
complete -c bascule -n "__fish_bascule_using_subcommand replay" -l every -d 'Time between two samples, 1s to 4m [default: 15s, more for more than 8 hours]' -r
complete -c bascule -n "__fish_bascule_using_subcommand replay" -l config -d 'Configuration file [default: /etc/bascule/config.toml if it exists, else the built-in one]' -r -F
complete -c bascule -n "__fish_bascule_using_subcommand replay" -l log-format -d 'How the log looks; auto: in the journal with its fields where that is standard error' -r -f -a "auto\t''
text\t''
json\t''"
complete -c bascule -n "__fish_bascule_using_subcommand replay" -l log-level -d 'What is logged, at least [default: info for the daemon, nothing for other commands]' -r -f -a "error\t''
warn\t''
info\t''
debug\t''
trace\t''"
complete -c bascule -n "__fish_bascule_using_subcommand replay" -l json -d 'Tell it to programs: one JSON object'
complete -c bascule -n "__fish_bascule_using_subcommand replay" -l openmetrics -d 'Tell it to a Prometheus: samples for `promtool tsdb create-blocks-from openmetrics`'
complete -c bascule -n "__fish_bascule_using_subcommand replay" -l plain -d 'Draw without colours and with ASCII only'
complete -c bascule -n "__fish_bascule_using_subcommand replay" -s h -l help -d 'Print help'
complete -c bascule -n "__fish_bascule_using_subcommand help; and not __fish_seen_subcommand_from run check probe status outages config replay help" -f -a "run" -d 'Run the daemon (also without a command)'
complete -c bascule -n "__fish_bascule_using_subcommand help; and not __fish_seen_subcommand_from run check probe status outages config replay help" -f -a "check" -d 'Read the configuration, and say what it will do or what is wrong with it'
complete -c bascule -n "__fish_bascule_using_subcommand help; and not __fish_seen_subcommand_from run check probe status outages config replay help" -f -a "probe" -d 'Probe once, now, and tell it layer by layer'
complete -c bascule -n "__fish_bascule_using_subcommand help; and not __fish_seen_subcommand_from run check probe status outages config replay help" -f -a "status" -d 'Say what a running daemon thinks: what to use now, and how each network is'
complete -c bascule -n "__fish_bascule_using_subcommand help; and not __fish_seen_subcommand_from run check probe status outages config replay help" -f -a "outages" -d 'List outages, running and finished, from a running daemon'
complete -c bascule -n "__fish_bascule_using_subcommand help; and not __fish_seen_subcommand_from run check probe status outages config replay help" -f -a "config" -d 'Print the configuration with every key resolved'
complete -c bascule -n "__fish_bascule_using_subcommand help; and not __fish_seen_subcommand_from run check probe status outages config replay help" -f -a "replay" -d 'Replay a recorded outage through the judging code, in virtual time'
complete -c bascule -n "__fish_bascule_using_subcommand help; and not __fish_seen_subcommand_from run check probe status outages config replay help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'

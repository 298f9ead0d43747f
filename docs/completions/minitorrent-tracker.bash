# bash completion for minitorrent-tracker; written by docs/reference
_minitorrent_tracker() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    case $before in
        --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        --data-dir) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --database) :; return ;;
        --listen) :; return ;;
        --http-port) :; return ;;
        --drain) :; return ;;
        --log-level) mapfile -t COMPREPLY < <(compgen -W "debug info warning error" -- "$current"); return ;;
        --log-format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current"); return ;;
        --min-password-length) :; return ;;
        --certificate-lifetime) :; return ;;
        --registration) mapfile -t COMPREPLY < <(compgen -W "open invited" -- "$current"); return ;;
        --max-sessions) :; return ;;
        --max-sessions-per-address) :; return ;;
        --database-connections) :; return ;;
        --quota) :; return ;;
        --tls-cert) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        --tls-key) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        --relay-rate) :; return ;;
    esac
    if [[ $current == -* ]]; then
        local options="-h --help --version --config --data-dir --database --listen --http-port --drain --log-level --log-format --min-password-length --certificate-lifetime --registration --max-sessions --max-sessions-per-address --database-connections --quota --tls-cert --tls-key --relay --relay-rate"
        [[ "${COMP_WORDS[*]:1:1}" == "init" ]] && options="-h --help --port"
        [[ "${COMP_WORDS[*]:1:1}" == "check" ]] && options="-h --help --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:1}" == "backup" ]] && options="-h --help --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:1}" == "copy" ]] && options="-h --help --json"
        [[ "${COMP_WORDS[*]:1:2}" == "users list" ]] && options="-h --help --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "users create" ]] && options="-h --help --password-file --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "users reset-password" ]] && options="-h --help --password-file --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "users block" ]] && options="-h --help --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "users unblock" ]] && options="-h --help --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "users delete" ]] && options="-h --help --yes --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "groups list" ]] && options="-h --help --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "groups members" ]] && options="-h --help --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "groups transfer" ]] && options="-h --help --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "groups delete" ]] && options="-h --help --yes --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "sessions list" ]] && options="-h --help --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "sessions end" ]] && options="-h --help --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "quota show" ]] && options="-h --help --user --group --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "quota set" ]] && options="-h --help --user --group --files --bytes --members --json --config --data-dir --database"
        [[ "${COMP_WORDS[*]:1:2}" == "quota clear" ]] && options="-h --help --user --group --json --config --data-dir --database"
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        if [[ $COMP_CWORD == 2 && $before == users ]]; then mapfile -t COMPREPLY < <(compgen -W "list create reset-password block unblock delete" -- "$current"); fi
        if [[ $COMP_CWORD == 2 && $before == groups ]]; then mapfile -t COMPREPLY < <(compgen -W "list members transfer delete" -- "$current"); fi
        if [[ $COMP_CWORD == 2 && $before == sessions ]]; then mapfile -t COMPREPLY < <(compgen -W "list end" -- "$current"); fi
        if [[ $COMP_CWORD == 2 && $before == quota ]]; then mapfile -t COMPREPLY < <(compgen -W "show set clear" -- "$current"); fi
        if [[ $COMP_CWORD == 1 ]]; then COMPREPLY+=($(compgen -W "init check backup copy users groups sessions quota" -- "$current")); fi
    fi
}
complete -o filenames -F _minitorrent_tracker minitorrent-tracker

# bash completion for minitorrent; written by docs/reference
_minitorrent() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    case $before in
        --profile) :; return ;;
        --data-dir) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        -c) mapfile -t COMPREPLY < <(compgen -W "create_user login logout whoami passwd sessions end_session create_group join_group leave_group use_group list_groups set_upload stats list_members list_requests accept_request reject_request remove_member promote demote set_role transfer_group audit notices invite invites revoke_invite join list_files find upload_file download_file stop_share remove_file show_downloads show_shares peers pause resume cancel recheck priority wait limit settings why relocate doctor share publish metainfo announce_key get magnet remove export_credentials trackers help quit exit" -- "$current"); return ;;
        --web) :; return ;;
        --active) :; return ;;
        --log-level) mapfile -t COMPREPLY < <(compgen -W "debug info warning error" -- "$current"); return ;;
    esac
    if [[ $current == -* ]]; then
        local options="-h --help --version --profile --data-dir -c --web --web-any --web-renew --json --no-port-mapping --stay --active --log-level"
        [[ "${COMP_WORDS[*]:1:1}" == "join" ]] && options="-h --help --user --password-file --remember --profile --data-dir -c --web --web-any --web-renew --json --no-port-mapping --stay --active --log-level"
        [[ "${COMP_WORDS[*]:1:1}" == "send" ]] && options="-h --help --uses --days --profile --data-dir --log-level"
        [[ "${COMP_WORDS[*]:1:1}" == "receive" ]] && options="-h --help --log-level"
        [[ "${COMP_WORDS[*]:1:1}" == "open" ]] && options="-h --help --profile --data-dir"
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        if [[ $COMP_CWORD == 1 ]]; then COMPREPLY+=($(compgen -W "join send receive open" -- "$current")); fi
    fi
}
complete -o filenames -F _minitorrent minitorrent

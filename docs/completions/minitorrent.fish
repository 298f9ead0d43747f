# fish completion for minitorrent; written by docs/reference.py
function __minitorrent_commands
    printf '%s\t%s\n' \
        create_user 'make an account' \
        login 'log in, and share again what you shared before' \
        logout 'log out; transfers stop and are kept' \
        whoami 'show who is logged in' \
        passwd 'change your password' \
        sessions 'show where you are logged in' \
        end_session 'log out somewhere else' \
        create_group 'make a group that you own' \
        join_group 'ask to be let into a group' \
        leave_group 'leave a group; its transfers end here' \
        use_group 'choose the group that is meant when none is named' \
        list_groups 'list all groups' \
        list_members 'list a group'\''s members, and who is online' \
        list_requests 'list who asks to be let in (admins)' \
        accept_request 'let somebody in (admins)' \
        reject_request 'turn a join request down (admins)' \
        remove_member 'put a member out of a group (admins)' \
        promote 'make a member an admin (admins)' \
        demote 'make an admin a plain member (admins)' \
        transfer_group 'make another member the owner (owner)' \
        audit 'show who did what, when and from where (admins)' \
        notices 'show what happened lately, and while you were away' \
        list_files 'list what a group shares' \
        upload_file 'share a file or a folder with a group' \
        download_file 'get a file, from all members who have it' \
        stop_share 'stop offering a file to a group' \
        show_downloads 'show your downloads and how far they are' \
        show_shares 'show what you offer, and how much was fetched' \
        peers 'show whom a file is exchanged with' \
        pause 'stop a transfer for now' \
        resume 'go on with a paused or failed transfer' \
        cancel 'give a download up and remove what came of it' \
        recheck 'verify a file on the disk, piece by piece' \
        priority 'say how soon a download gets its turn' \
        wait 'wait until no download runs any more' \
        limit 'limit how fast files are sent or fetched' \
        why 'say why a transfer doesn'\''t move, and what to do' \
        relocate 'say where a shared file is that was moved' \
        doctor 'check port, trackers, clock, certificates, disk and more' \
        share 'share a file and write its metainfo (.torrent)' \
        get 'download what a metainfo file or a magnet link names' \
        magnet 'show a file'\''s magnet link' \
        remove 'stop sharing what a metainfo file describes' \
        export_credentials 'write your certificate of a sealed group to files' \
        trackers 'show the trackers, and which one is in use' \
        help 'list the commands, or explain one' \
        quit 'end; downloads go on at the next start' \
        exit 'the same as quit'
end
complete -c minitorrent -s h -l help -f -d 'show this help message and exit'
complete -c minitorrent -l version -f -d 'show the version'
complete -c minitorrent -l data-dir -x -a '(__fish_complete_directories)' -d 'where state is kept between runs (default: a folder named after HOST:PORT in the user'\''s data folder)'
complete -c minitorrent -s c -x -a '(__minitorrent_commands)' -d 'run this command and no others (may be given several times)'
complete -c minitorrent -l web -x -d 'serve page and HTTP API there; prints the link'
complete -c minitorrent -l web-any -f -d 'let --web be an address that others can reach'
complete -c minitorrent -l web-renew -f -d 'make a new link for --web; old ones open nothing'
complete -c minitorrent -l json -f -d 'print one JSON object a command'
complete -c minitorrent -l stay -f -d 'go on seeding after the last command'
complete -c minitorrent -l active -x -d 'downloads that run at once, 0 for no limit; kept for later runs (at first: 5)'
complete -c minitorrent -l log-level -x -a 'debug info warning error' -d 'how much is logged: debug, info, warning, error (default: warning)'

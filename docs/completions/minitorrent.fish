# fish completion for minitorrent; written by docs/reference
function __minitorrent_commands
    printf '%s\t%s\n' \
        create_user 'create an account' \
        login 'log in and resume your shares and downloads' \
        logout 'log out; transfers stop until you log in again' \
        whoami 'show who is logged in' \
        passwd 'change your password' \
        sessions 'list your sessions: where you are logged in' \
        end_session 'end one of your sessions' \
        create_group 'create a group that you own' \
        join_group 'ask to join a group' \
        leave_group 'leave a group; your transfers in it end' \
        use_group 'choose the default group' \
        list_groups 'list all groups' \
        set_upload 'decide who adds files to a group (admins)' \
        stats 'show a group'\''s size, and who sent and received how much' \
        list_members 'list a group'\''s members and who is online' \
        list_requests 'list requests to join (admins)' \
        accept_request 'accept requests to join (admins)' \
        reject_request 'reject requests to join (admins)' \
        remove_member 'remove a member from a group (admins)' \
        promote 'make a member an admin (admins)' \
        demote 'make an admin or uploader a plain member (admins)' \
        set_role 'give a member another role (admins)' \
        transfer_group 'make another member the owner (owner)' \
        audit 'show who did what, when and from where (admins)' \
        notices 'show recent notices and those you missed' \
        invite 'create an invitation that lets others into a group' \
        invites 'list a group'\''s valid invitations' \
        revoke_invite 'end an invitation' \
        join 'enter a group by an invitation' \
        list_files 'list the files that a group shares' \
        find 'find files in all of your groups' \
        upload_file 'share files or folders with a group' \
        download_file 'download files from all members who have them' \
        stop_share 'stop sharing files with a group' \
        remove_file 'remove a file from a group for all members (admins, owner)' \
        show_downloads 'show your downloads and their progress' \
        show_shares 'show your shares and how much was uploaded' \
        peers 'show the peers of a transfer' \
        pause 'pause transfers' \
        resume 'resume paused or failed transfers' \
        cancel 'cancel downloads and delete their partial data' \
        recheck 'verify files on the disk, piece by piece' \
        priority 'set the priority of a queued download' \
        wait 'wait until all downloads have ended' \
        limit 'show or set upload and download limits' \
        settings 'show or change the client'\''s settings' \
        why 'explain why a transfer isn'\''t moving, and what to do' \
        relocate 'update a share after you moved its file' \
        doctor 'check port, trackers, clock, certificates, disk and more' \
        share 'share a file and write its metainfo (.torrent)' \
        publish 'share what another BitTorrent client has' \
        metainfo 'write the metainfo (.torrent) of a file of a group' \
        announce_key 'show your announce address for other BitTorrent clients' \
        get 'download from a metainfo file or magnet link' \
        magnet 'show a file'\''s magnet link' \
        remove 'stop sharing what a metainfo file describes' \
        export_credentials 'write your certificate for a sealed group to files' \
        trackers 'list the trackers and show which one is in use' \
        help 'list all commands, or explain one' \
        quit 'quit; downloads resume at the next start' \
        exit 'the same as quit'
end
complete -c minitorrent -s h -l help -f -d 'show this help message and exit'
complete -c minitorrent -l version -f -d 'show the version'
complete -c minitorrent -l profile -x -d 'which remembered client to start (default: default)'
complete -c minitorrent -l data-dir -x -a '(__fish_complete_directories)' -d 'folder for this client'\''s state (default: the profile'\''s, or a folder named after HOST:PORT in the user'\''s data folder)'
complete -c minitorrent -s c -x -a '(__minitorrent_commands)' -d 'run this command instead of reading commands (can be repeated)'
complete -c minitorrent -l web -x -d 'serve the page and the HTTP API; prints the link'
complete -c minitorrent -l web-any -f -d 'allow a --web address that other machines can reach'
complete -c minitorrent -l web-renew -f -d 'create a new link for --web and revoke the old one'
complete -c minitorrent -l json -f -d 'print one JSON object per command'
complete -c minitorrent -l no-port-mapping -f -d 'don'\''t ask the router to pass connections on to this client (UPnP, NAT-PMP)'
complete -c minitorrent -l stay -f -d 'keep seeding after the last command'
complete -c minitorrent -l active -x -d 'downloads to run at once, 0 for no limit; remembered for later runs (default: 5)'
complete -c minitorrent -l log-level -x -a 'debug info warning error' -d 'lowest level to log: debug, info, warning, error (default: warning)'
complete -c minitorrent -n __fish_is_first_token -a join -d 'Enter a group by an invitation, then go on as usual'
complete -c minitorrent -n __fish_is_first_token -a send -d 'Send files and folders to whoever has the printed invitation'
complete -c minitorrent -n __fish_is_first_token -a receive -d 'Receive what was sent with an invitation, and exit'
complete -c minitorrent -n __fish_is_first_token -a open -d 'Open the page of the client that is running, or print its link'

// The shapes of the protocol that the client uses, for the type checker.

/**
 * @typedef {object} Entry One entry of a stream.
 * @property {string} stream
 * @property {number} seq
 * @property {number} count
 * @property {string} id
 * @property {string} kind
 * @property {string} from
 * @property {string} at RFC 3339
 * @property {any} body
 */

/**
 * @typedef {object} Group
 * @property {string} name
 * @property {string} owner
 * @property {string[]} admins
 * @property {number} member_count
 * @property {"owner"|"admin"|"member"|""} my_role
 * @property {{mute_all: boolean, dissolved: boolean}} settings
 */

/**
 * @typedef {object} StreamState How a stream stands for us, as sync tells it.
 * @property {string} stream
 * @property {"direct"|"group"|"service"|"personal"} kind
 * @property {number} head
 * @property {number} count
 * @property {number} unread
 * @property {number} read_seq
 * @property {number} floor_seq
 * @property {boolean} muted
 * @property {boolean} pinned
 * @property {string} title
 * @property {string} [peer]
 * @property {Group} [group]
 * @property {Entry|null} last
 * @property {Entry[]} [entries]
 * @property {boolean} limited
 * @property {boolean} [left]
 */

/**
 * @typedef {object} Member
 * @property {string} user
 * @property {string} display_name
 * @property {"owner"|"admin"|"member"} role
 * @property {string} [nickname]
 * @property {string} [muted_until]
 * @property {string} joined_at
 */

/**
 * @typedef {object} Friend
 * @property {string} user
 * @property {string} display_name
 * @property {string} alias
 * @property {string[]} tags
 * @property {boolean} starred
 * @property {boolean} chat_only
 * @property {boolean} hide_my_moments
 * @property {boolean} hide_their_moments
 * @property {string} since
 */

/** @typedef {{from: string, greeting: string, at: string}} ContactRequest */
/** @typedef {{user: string, at: string}} Block */
/** @typedef {{user: string, display_name: string, avatar?: string, created_at?: string, moments_look_back?: string, presence_visible_to?: string}} Profile */
/** @typedef {{user: string, state: "online"|"away"|"offline", last_seen?: string, text?: string}} Presence */
/** @typedef {{session: string, device: string, created_at: string, last_seen_at: string, current: boolean}} Device */

/**
 * @typedef {object} Limits What the server tells a client to keep to.
 * @property {number} text_bytes
 * @property {number} recall_ms
 * @property {number} page_entries
 * @property {number} group_members
 * @property {number} [recall_file_ms]
 * @property {number} [post_text] characters
 * @property {number} [post_media] pictures
 * @property {number} [comment_text] characters
 * @property {number} [media_bytes]
 */

/**
 * @typedef {object} Medium What the server knows about an upload.
 * @property {string} media
 * @property {string} type
 * @property {number} size
 * @property {number} [width]
 * @property {number} [height]
 * @property {number} [duration_ms]
 * @property {boolean} thumbnail
 * @property {string} [placeholder]
 */

/** @typedef {{media: string, type: string, width: number, height: number, placeholder?: string}} Picture */
/** @typedef {{lat: number, lng: number, name?: string}} Place */
/** @typedef {{kind: "friends"|"private"|"only"|"except", users: string[], tags: string[], mode: "live"|"snapshot"}} Audience */
/** @typedef {{id: string, from: string, text: string, reply_to?: {id: string, user: string}, at: string}} Comment */

/**
 * @typedef {object} Moment
 * @property {string} post
 * @property {string} author
 * @property {string} at
 * @property {string} text
 * @property {Picture[]} media
 * @property {Place} [location]
 * @property {string[]} [mentions]
 * @property {Card} [app_card]
 * @property {Audience} [audience] told to its author only
 * @property {{user: string, at: string}[]} likes
 * @property {Comment[]} comments
 */

/** @typedef {{app: string, title: string, page: string}} Card A page of a mini-program, shown to somebody. */

/**
 * @typedef {object} MiniProgram
 * @property {string} app
 * @property {string} name as it is registered
 * @property {string} category
 * @property {string} summary
 * @property {string} [page] where its pages are, if it has any
 * @property {string[]} connects the servers that its pages may talk to
 * @property {boolean} following
 * @property {boolean} muted
 * @property {boolean} blocked
 */

/** @typedef {{key: string, label: string, type: string, value: string}} Param Something that a notice says. Lists have the order of the template. */

/**
 * @typedef {object} SheetItem
 * @property {string} item
 * @property {string} app_name
 * @property {string} title
 * @property {Param[]} params
 * @property {"once"|"progress"|"standing"} scope
 * @property {string} subject
 * @property {number} uses 0: by cadence
 * @property {{uses: number, per: "day"|"week"|"month"}} [cadence]
 * @property {string} until
 * @property {string} page
 */

/** @typedef {{consent: string, expires_at: string, sheet: SheetItem[]}} Sheet */

/**
 * @typedef {object} Grant
 * @property {string} id
 * @property {string} app
 * @property {string} app_name
 * @property {string} title
 * @property {"once"|"progress"|"window"|"standing"} scope
 * @property {string} subject
 * @property {Param[]} params
 * @property {number} uses_left
 * @property {string} expires_at
 */

/**
 * @typedef {object} Why
 * @property {string} app
 * @property {"tap"|"message"} act
 * @property {string} page
 * @property {string} acted_at
 * @property {string} device
 * @property {SheetItem} [sheet]
 * @property {number} uses
 * @property {number} uses_left
 * @property {string} template
 * @property {number} version
 * @property {string} expires_at
 */

export {};

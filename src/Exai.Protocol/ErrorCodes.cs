namespace Exai.Protocol;

/// <summary>
/// Why a tool call failed. The code is the first word of the error text and the <c>code</c> of <c>_meta["exai/error"]</c>.
/// Codes are part of the public contract: add, never rename.
/// </summary>
public static class ErrorCodes
{
    public const string InvalidArgument = "INVALID_ARGUMENT";
    public const string ToolNotFound = "TOOL_NOT_FOUND";
    public const string ModelNotFound = "MODEL_NOT_FOUND";
    public const string NoProvider = "NO_PROVIDER";
    public const string OverCapacity = "OVER_CAPACITY";
    public const string Timeout = "TIMEOUT";
    public const string ProviderError = "PROVIDER_ERROR";
    public const string ProviderAuth = "PROVIDER_AUTH";
    public const string ProviderQuota = "PROVIDER_QUOTA";
    public const string RateLimited = "RATE_LIMITED";
    public const string ContentFiltered = "CONTENT_FILTERED";
    public const string ContextTooLarge = "CONTEXT_TOO_LARGE";
    public const string CircuitOpen = "CIRCUIT_OPEN";
    public const string Cancelled = "CANCELLED";
    public const string Interrupted = "INTERRUPTED";
    public const string ThreadNotFound = "THREAD_NOT_FOUND";
    public const string FileNotFound = "FILE_NOT_FOUND";
    public const string FileDenied = "FILE_DENIED";
    public const string FileTooLarge = "FILE_TOO_LARGE";
    public const string CallConflict = "CALL_CONFLICT";
    public const string CallExpired = "CALL_EXPIRED";
    public const string ConfigInvalid = "CONFIG_INVALID";
    public const string DaemonUnavailable = "DAEMON_UNAVAILABLE";
    public const string Unauthorized = "UNAUTHORIZED";
    public const string StoreFull = "STORE_FULL";
    public const string InternalError = "INTERNAL_ERROR";
}

/// <summary>The clocks that can end a wait; the <c>clock</c> member of an error with code <see cref="ErrorCodes.Timeout"/>.</summary>
public static class Clocks
{
    public const string Connect = "connect";
    public const string Headers = "headers";
    public const string FirstToken = "first_token";
    public const string Idle = "idle";
    public const string Stream = "stream";
    public const string Queue = "queue";
    public const string Call = "call";
}

/// <summary>Where in an attempt a failure happened; the <c>stage</c> member of an error and of a receipt's attempts.</summary>
public static class Stages
{
    public const string Queue = "queue";
    public const string Connect = "connect";
    public const string Headers = "headers";
    public const string FirstToken = "first_token";
    public const string Reasoning = "reasoning";
    public const string Answer = "answer";
    public const string Finish = "finish";
}

namespace Exai.Core.Storage.Sql;

/// <summary>What daemons say to each other through their database: a topic, then a call id or an epoch and more, with '/' between.</summary>
internal static class CallTopics
{
    /// <summary>The call has an outcome.</summary>
    public const string Ended = "ended";

    /// <summary>The call is to be cancelled.</summary>
    public const string Cancel = "cancel";

    /// <summary>Whoever runs the call is asked what it is doing.</summary>
    public const string Ask = "ask";

    /// <summary>What it is doing, in words for people.</summary>
    public const string Progress = "progress";

    /// <summary>A daemon, named by its epoch, waits for permits or has given some back.</summary>
    public const string Permits = "permits";

    /// <summary>A named token was added or revoked.</summary>
    public const string Tokens = "tokens";

    public static string Of(string topic, string id) => $"{topic}/{id}";
}

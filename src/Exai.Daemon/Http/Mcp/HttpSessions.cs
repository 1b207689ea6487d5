using System.Collections.Concurrent;
using Exai.Protocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon.Http.Mcp;

/// <summary>
/// The sessions of clients with a handshake, by their ids. One that has been idle long is put out of memory, and one of an earlier daemon
/// was never in it; both come back when their client does. Thread-safe.
/// </summary>
/// <param name="name">How the session with this key is called everywhere else; the second argument is its named token, null for the owner's.</param>
/// <param name="options">What it offers, by the same.</param>
internal sealed class HttpSessions(
    SessionIds ids, Func<string, string?, string> name, Func<string, string?, McpServerOptions> options, HttpVisits visits, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private static readonly TimeSpan LongestIdle = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<string, Lazy<HttpSession>> _sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _ended = new(StringComparer.Ordinal);

    /// <returns>The id that the client sends from now on, and its session.</returns>
    public async Task<(string Id, HttpSession Session)> CreateAsync(InitializeRequestParams hello, string? token)
    {
        await ForgetIdleAsync();
        var (id, key) = ids.Make(hello, token);
        return (id, Open(key, token, id, hello, restored: false));
    }

    /// <summary>Null when there is no such session of this token, or its client has ended it.</summary>
    public async Task<HttpSession?> FindAsync(string id, string? token)
    {
        if (ids.TryRead(id, token) is not { } known || _ended.ContainsKey(known.Key))
        {
            return null;
        }

        var restored = !_sessions.ContainsKey(known.Key);
        var session = Open(known.Key, token, id, known.Hello, restored: true);
        if (restored)
        {
#pragma warning disable MCP9006
            await session.Transport.HandleInitializeRequestAsync(known.Hello);
#pragma warning restore MCP9006
        }

        return session;
    }

    public async Task EndAsync(string id, string? token)
    {
        if (ids.TryRead(id, token) is { } known)
        {
            _ended[known.Key] = true;
            visits.Left(name(known.Key, token), LinkContract.LegacyEra);
            if (_sessions.TryRemove(known.Key, out var session))
            {
                await session.Value.DisposeAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var key in _sessions.Keys)
        {
            if (_sessions.TryRemove(key, out var session))
            {
                await session.Value.DisposeAsync();
            }
        }
    }

    private HttpSession Open(string key, string? token, string id, InitializeRequestParams hello, bool restored)
    {
        var session = _sessions.GetOrAdd(key, _ => new Lazy<HttpSession>(() => new HttpSession(id, hello, restored, options(key, token), loggers))).Value;
        session.LastUsed = time.GetTimestamp();
        visits.Seen(name(key, token), LinkContract.LegacyEra, hello.ClientInfo.Name, hello.ClientInfo.Version);
        return session;
    }

    private async Task ForgetIdleAsync()
    {
        foreach (var (key, session) in _sessions)
        {
            if (session.Value is { Open: 0 } idle && time.GetElapsedTime(idle.LastUsed) > LongestIdle && _sessions.TryRemove(key, out _))
            {
                await idle.DisposeAsync();
            }
        }
    }
}

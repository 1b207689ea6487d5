using System.Globalization;
using System.Text.Json;
using Exai.Core.Calls;
using Exai.Core.Storage.Sql;
using Exai.Core.Storage.Sqlite;
using Exai.Core.Threads;
using Exai.Peers;
using Exai.Protocol;

namespace Exai.Scale;

/// <summary>The real stores on one file that grows: each call is accepted and finished as a daemon does it, ten to a thread.</summary>
internal sealed class JournalScale : IAsyncDisposable
{
    /// <summary>As many calls as share a commit when a daemon is busy.</summary>
    private const int Together = 64;

    private const int CallsOnAThread = 10;
    private const int Lookups = 500;

    private static readonly ParallelOptions All = new() { MaxDegreeOfParallelism = Together };

    private static readonly CallOwner Owner = new("bench", "bench");
    private static readonly JsonElement Arguments = JsonElement.Parse($$"""{"prompt":"{{new string('q', 300)}}","model":"glm-4.6"}""");
    private static readonly string Answer = new('a', 1_000);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("exai-scale-");
    private readonly List<string> _calls = [];
    private readonly List<string> _threads = [];
    private readonly TimeProvider _time = TimeProvider.System;
    private SqliteDatabase _database;
    private SqlCallStore _store;

    private JournalScale() => (_database, _store) = Open();

    private string Path => System.IO.Path.Combine(_folder.FullName, "exai.db");

    public static async Task RunAsync(IReadOnlyList<int> sizes, TextWriter output)
    {
        await output.WriteLineAsync($"{"calls",10}{"threads",10}{"MB",8}{"µs/call",10}{"open ms",10}{"find µs p50/p99",20}{"thread µs p50/p99",20}{"job_list ms",13}{"history ms",12}{"threads ms",12}{"search ms",12}");
        await using var journal = new JournalScale();
        foreach (var size in sizes.Order())
            await output.WriteLineAsync(await journal.RowAsync(size));
        await output.WriteLineAsync(await journal.ForgetAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<string> RowAsync(int size)
    {
        var growing = Watch.Start();
        var before = _calls.Count;
        while (_calls.Count < size)
        {
            // A thread's calls come one after the other.
            var threads = Enumerable.Range(0, Math.Min(Together, Math.Max(1, (size - _calls.Count) / CallsOnAThread))).Select(_ => Guid.NewGuid().ToString()).ToList();
            _threads.AddRange(threads);
            for (var turn = 0; turn < CallsOnAThread; turn++)
            {
                var continues = turn > 0;
                await Parallel.ForEachAsync(threads, All, (thread, _) => CallAsync(thread, continues));
            }
        }

        var perCall = growing.Elapsed.TotalMicroseconds / Math.Max(1, _calls.Count - before);
        await _database.DisposeAsync();
        var opening = Watch.Start();
        (_database, _store) = Open();
        var opened = opening.Elapsed;

        var find = await LookUpAsync(_calls, call => _store.FindAsync(call, CancellationToken.None).AsTask());
        var threadStore = new SqlThreadStore(_database);
        var history = new SqlCallHistory(_database);
        var thread = await LookUpAsync(_threads, id => threadStore.FindAsync(id, CancellationToken.None).AsTask());
        var jobs = await MillisecondsAsync(() => _store.ListAsync(20, token: null, CancellationToken.None).AsTask());
        var rows = await MillisecondsAsync(() => history.ListAsync(search: null, state: null, most: 100, CancellationToken.None).AsTask());
        var listed = await MillisecondsAsync(() => threadStore.ListAsync(text: null, 50, CancellationToken.None).AsTask());
        var searched = await MillisecondsAsync(() => threadStore.ListAsync("no such word", 50, CancellationToken.None).AsTask());
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{_calls.Count,10}{_threads.Count,10}{new FileInfo(Path).Length / 1e6,8:0}{perCall,10:0}{opened.TotalMilliseconds,10:0.0}{find,20}{thread,20}{jobs,13:0.0}{rows,12:0.0}{listed,12:0.0}{searched,12:0}");
    }

    /// <summary>Half of all calls at once, as after a long rest, while another call waits for the writer.</summary>
    private async Task<string> ForgetAsync()
    {
        var half = Protocol.CallId.CreatedAt(_calls[_calls.Count / 2]);
        var forgetting = Watch.Start();
        var forget = _store.ForgetFinishedAsync(half, CancellationToken.None).AsTask();
        var longest = TimeSpan.Zero;
        while (!forget.IsCompleted)
        {
            var waiting = Watch.Start();
            await CallAsync(Guid.NewGuid().ToString(), continues: false);
            longest = waiting.Elapsed > longest ? waiting.Elapsed : longest;
        }

        var forgotten = await forget;
        return string.Create(
            CultureInfo.InvariantCulture, $"Forgetting {forgotten} calls took {forgetting.Elapsed.TotalSeconds:0.0} s; a call that came meanwhile waited up to {longest.TotalMilliseconds:0} ms.");
    }

    private (SqliteDatabase Database, SqlCallStore Store) Open()
    {
        var database = SqliteDatabase.Open(Path, fullSync: false);
        return (database, new SqlCallStore(database, TimeSpan.FromSeconds(30), _time));
    }

    private async ValueTask CallAsync(string thread, bool continues)
    {
        var request = new CallRequest { CallId = CallId.New(_time), Tool = "chat", Arguments = Arguments, SessionId = "bench" };
        var (run, _) = await _store.AcceptAsync(new NewCall(request, request.Fingerprint(), thread, continues), Owner, CancellationToken.None);
        var now = _time.GetUtcNow();
        var receipt = new Receipt { CallId = run.CallId, Tool = run.Tool, State = "succeeded", Runs = 1, ThreadId = thread, StartedAt = now, FinishedAt = now, TotalMs = 1 };
        var turn = new Turn { CallId = run.CallId, Tool = run.Tool, Question = "q", Answer = Answer, Model = "glm-4.6", At = now };
        await _store.FinishAsync(run, new CallOutcome { State = CallState.Succeeded, Text = Answer, Receipt = receipt }, turn, CancellationToken.None);
        lock (_calls)
            _calls.Add(run.CallId);
    }

    private static async Task<string> LookUpAsync<T>(List<string> ids, Func<string, Task<T?>> find)
        where T : class
    {
        var random = new Random(1);
        var took = new List<double>(Lookups);
        for (var lookup = 0; lookup < Lookups; lookup++)
        {
            var id = ids[random.Next(ids.Count)];
            var watch = Watch.Start();
            _ = await find(id) ?? throw new InvalidDataException($"{id} is not there.");
            took.Add(watch.Elapsed.TotalMicroseconds);
        }

        var all = new Distribution(took);
        return string.Create(CultureInfo.InvariantCulture, $"{all.P50:0}/{all.P99:0}");
    }

    private static async Task<double> MillisecondsAsync<T>(Func<Task<T>> ask)
    {
        await ask();
        var watch = Watch.Start();
        await ask();
        return watch.Elapsed.TotalMilliseconds;
    }
}

using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Exai.Core.Calls;
using Exai.Core.Storage.Sql;
using Exai.Core.Storage.Sqlite;

namespace Exai.Benchmarks;

/// <summary>A call goes into the journal: alone, and as one of many that come at the same time and share a commit. Each figure is for one call.</summary>
[MemoryDiagnoser, InProcess]
public class JournalBenchmarks
{
    private const int Together = 64;

    private static readonly JsonElement Arguments = JsonElement.Parse("""{"prompt":"How long does it take?","model":"glm-4.6"}""");
    private static readonly CallOwner Owner = new("bench", "bench");
    private static readonly ParallelOptions All = new() { MaxDegreeOfParallelism = Together };

    private DirectoryInfo _folder = null!;
    private SqliteDatabase _database = null!;
    private SqlCallStore _store = null!;

    /// <summary>Whether each commit waits for the disk.</summary>
    [Params(false, true)]
    public bool FullSync { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _folder = Directory.CreateTempSubdirectory("exai-bench-");
        _database = SqliteDatabase.Open(Path.Combine(_folder.FullName, "exai.db"), FullSync);
        _store = new SqlCallStore(_database, TimeSpan.FromSeconds(30), TimeProvider.System);
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await _database.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Benchmark(Baseline = true)]
    public async Task Single() => await AcceptAsync();

    [Benchmark(OperationsPerInvoke = Together)]
    public Task Group() => Parallel.ForAsync(0, Together, All, (_, _) => AcceptAsync());

    private async ValueTask AcceptAsync()
    {
        var request = new CallRequest { CallId = Guid.CreateVersion7().ToString(), Tool = "chat", Arguments = Arguments, SessionId = "bench" };
        await _store.AcceptAsync(new NewCall(request, request.Fingerprint(), Guid.NewGuid().ToString(), ContinuesThread: false), Owner, CancellationToken.None);
    }
}

using System.Diagnostics;
using System.Globalization;
using Exai.Settings;
using Npgsql;

namespace Exai.Testing.Stores;

/// <summary>
/// A PostgreSQL server of one's own, in a folder that goes with it, reached by a socket in that folder. It ends with the process that started it,
/// however that one ends, because it holds the other end of its standard input.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private static readonly string? Programs = FindPrograms();
    private static readonly Lazy<PostgresServer> OfThisProcess = new(() => new PostgresServer());
    private const string NotInstalled = "PostgreSQL is not installed (Debian: apt install postgresql).";

    private static int _names;

    private Process? _process;

    public PostgresServer()
    {
        Folder = Directory.CreateTempSubdirectory("exai-pg-").FullName;
        Start();
        using var admin = Connect("postgres");
        using var command = new NpgsqlCommand("CREATE DATABASE exai", admin);
        command.ExecuteNonQuery();
    }

    /// <summary>Why its tests skip: there is none on this machine. Null when there is, and where tests may not skip: they fail then.</summary>
    public static string? Missing => Programs is null && Environment.GetEnvironmentVariable("EXAI_TEST_NO_SKIP") is null ? NotInstalled : null;

    /// <summary>One for all tests of this process, which each take a schema or a database of their own.</summary>
    public static PostgresServer Shared => OfThisProcess.Value;

    /// <summary>Holds its data and its socket.</summary>
    public string Folder { get; }

    /// <summary>Its Unix socket.</summary>
    public string Socket => Path.Combine(Folder, ".s.PGSQL.5432");

    /// <summary>The process under which the server runs; 0 while it does not.</summary>
    public int ProcessId => _process?.Id ?? 0;

    /// <summary>As EXAI_STORE names it.</summary>
    public string Url(string database = "exai") => $"postgres://exai@localhost/{database}?host={Folder}";

    public PostgresAddress Address => PostgresAddress.TryParse(Url(), out var address, out var error) ? address : throw new InvalidOperationException(error);

    /// <summary>A name that no other test of this process uses.</summary>
    public static string NewName() => string.Create(CultureInfo.InvariantCulture, $"t{Interlocked.Increment(ref _names)}");

    /// <summary>An empty database.</summary>
    /// <returns>Its address.</returns>
    public string CreateDatabase()
    {
        var name = NewName();
        Execute($"CREATE DATABASE {name}");
        return Url(name);
    }

    /// <summary>Runs SQL as somebody else would, beside the program.</summary>
    public void Execute(string sql)
    {
        using var connection = Connect("exai");
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    /// <summary>A number out of the database.</summary>
    public long Count(string sql)
    {
        using var connection = Connect("exai");
        using var command = new NpgsqlCommand(sql, connection);
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    /// <summary>On the data that is there.</summary>
    public void Start() => CheckStart(Launch().StandardOutput.ReadLine());

    /// <inheritdoc cref="Start"/>
    public async Task StartAsync() => CheckStart(await Launch().StandardOutput.ReadLineAsync());

    private Process Launch()
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-c", Script, "sh", Folder, Programs ?? throw new InvalidOperationException(NotInstalled)])
        {
            start.ArgumentList.Add(argument);
        }

        var process = _process = Process.Start(start)!;
        // Whatever else it says goes nowhere; unread, it would fill the pipe.
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    private void CheckStart(string? word)
    {
        if (word != "ready")
        {
            throw new InvalidOperationException($"PostgreSQL did not start; see {Folder}/log.");
        }
    }

    /// <summary>As a crash: connections break, what was not committed is gone. <see cref="Start"/> recovers the rest.</summary>
    public void Crash() => End("keep");

    /// <summary>As <c>pg_ctl stop -m immediate</c>, or as <c>-m fast</c>, which rolls back, writes all down and says goodbye.</summary>
    public async Task StopAsync(bool immediate)
    {
        if (Say(immediate ? "keep" : "fast") is { } process)
        {
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    public void Dispose()
    {
        if (_process is null)
        {
            Directory.Delete(Folder, recursive: true);
        }

        End("remove");
    }

    /// <summary>
    /// $1 the folder, $2 the programs. PostgreSQL refuses to run as root. The folder is removed unless the last word is "keep" or "fast"; no word comes
    /// when the process that started it dies.
    /// </summary>
    private const string Script =
        """
        cd "$1" || exit 1
        trap : TERM INT
        as=
        if [ "$(id -u)" = 0 ]; then
          chown nobody . && as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
        fi
        [ -d data ] || $as "$2/initdb" -D data -U exai -A trust -E UTF8 --locale=C --no-sync >/dev/null 2>&1 || exit 1
        $as "$2/postgres" -D data -k "$1" -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=300 >log 2>&1 </dev/null &
        server=$!
        for i in $(seq 300); do
          "$2/pg_isready" -q -h "$1" -U exai -d postgres && break
          kill -0 $server 2>/dev/null || exit 1
          sleep 0.1
        done
        echo ready
        word=
        read -r word
        signal=QUIT
        [ "$word" = fast ] && signal=INT
        kill -$signal $server 2>/dev/null
        wait $server
        [ "$word" = keep ] || [ "$word" = fast ] || rm -rf "$1"
        """;

    private void End(string word)
    {
        if (Say(word) is { } process)
        {
            process.WaitForExit();
            process.Dispose();
        }
    }

    /// <summary>Null when it has ended before.</summary>
    private Process? Say(string word)
    {
        var process = Interlocked.Exchange(ref _process, null);
        process?.StandardInput.WriteLine(word);
        process?.StandardInput.Close();
        return process;
    }

    private NpgsqlConnection Connect(string database)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder { Host = Folder, Username = "exai", Database = database, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static string? FindPrograms() =>
        (Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")) : [])
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        .FirstOrDefault(folder => ((string[])["initdb", "postgres", "pg_isready"]).All(program => File.Exists(Path.Combine(folder, program))));
}

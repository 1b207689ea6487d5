using Exai.Core.Storage.Sqlite;
using Exai.EndToEnd.Tests.Harness;
using Exai.Settings.Home;
using Microsoft.Data.Sqlite;

namespace Exai.EndToEnd.Tests;

/// <summary>A full disk, a home that is read-only, a database that is locked or damaged: said in words, no answer lost, no crash loop.</summary>
public sealed class StoreTests
{
    [Fact]
    public async Task With_a_full_disk_a_finished_answer_arrives_new_calls_are_refused_and_all_is_well_when_there_is_room()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(200)]);
        var disk = await SmallDisk.MountAsync(machine);
        var shim = disk.Shim;
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        var daemon = HealthFile.TryRead(disk.Home)!.Pid;
        var running = await shim.SendChatAsync("What is marker-running?");
        await machine.Simulator.AskedAsync("marker-running", tokens: 5);

        disk.Fill();

        var finished = await shim.ReplyAsync(running);
        finished.Text.ShouldContain("marker-running");
        ((bool?)finished.Receipt["durable"]).ShouldBe(false);
        var refused = await shim.ChatAsync("What is marker-refused?");
        refused.Code.ShouldBe("STORE_FULL");
        refused.Text.ShouldContain("Free some space");
        machine.Simulator.Asked("marker-refused").ShouldBeEmpty("an answer that cannot be kept is not bought");

        disk.Empty();

        await Patience.ForAsync("the outcome is in the journal", () => File.ReadAllText(disk.Home.DaemonLog).Contains("chat Succeeded", StringComparison.Ordinal));
        (await shim.ChatAsync("What is marker-after?")).Text.ShouldContain("marker-after");
        HealthFile.TryRead(disk.Home)!.Pid.ShouldBe(daemon, "it was the same daemon all the time");
        machine.Simulator.Asked("marker-running").Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_home_that_is_read_only_from_the_start_is_said_and_works_when_it_is_mended()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var disk = await SmallDisk.MountAsync(machine, writable: false);

        var refused = await disk.Shim.CallAsync("version");

        refused.IsError.ShouldBeTrue();
        refused.Text.ShouldContain(machine.Home.Path);
        refused.Text.ShouldContain("Read-only");

        await disk.SetWritableAsync(true);
        (await disk.Shim.ChatAsync("What is marker-after?")).Text.ShouldContain("marker-after");
    }

    [Fact]
    public async Task A_database_that_another_program_locks_is_said_and_the_daemon_works_on_when_it_is_free()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var shim = await machine.StartClientAsync();
        (await shim.CallAsync("version")).IsError.ShouldBeFalse();
        var daemon = await machine.Daemon.RunningAsync();
        using (var other = Locked(machine.Home.Database))
        {
            var refused = await shim.ChatAsync("What is marker-refused?");

            refused.IsError.ShouldBeTrue();
            refused.Text.ShouldContain("another program holds it locked");
            await Patience.ForAsync("the health file says so", () => machine.Daemon.Health!.Problems.Any(problem => problem.Contains("locked", StringComparison.Ordinal)));
            (await machine.RunAsync(["status"])).Output.ShouldContain("locked");
        }

        (await shim.ChatAsync("What is marker-after?")).Text.ShouldContain("marker-after");
        machine.Daemon.Health!.Epoch.ShouldBe(daemon.Epoch);
        machine.Simulator.Asked("marker-refused").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_database_that_is_damaged_at_the_start_is_set_aside_and_named()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var shim = await machine.StartClientAsync();
        (await shim.ChatAsync("What is marker-before?")).IsError.ShouldBeFalse();
        (await machine.RunAsync(["stop"])).ExitCode.ShouldBe(0);
        await File.WriteAllBytesAsync(machine.Home.Database, Enumerable.Repeat((byte)0xAA, 100_000).ToArray());
        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);

        (await shim.ChatAsync("What is marker-after?")).Text.ShouldContain("marker-after");

        var aside = Directory.GetFiles(machine.Home.Path, "exai.db.damaged-*").ShouldHaveSingleItem();
        new FileInfo(aside).Length.ShouldBe(100_000);
        machine.Daemon.Health!.Problems.ShouldHaveSingleItem().ShouldContain(aside);
        (await machine.RunAsync(["status"])).Output.ReplaceLineEndings("").ShouldContain("set aside");
        machine.Logs().ShouldContain(aside);
    }

    [Fact]
    public async Task Damage_that_shows_in_the_middle_of_the_work_ends_the_daemon_and_the_next_one_answers_the_call()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var shim = await machine.StartClientAsync();
        (await shim.ChatAsync("What is marker-before?")).IsError.ShouldBeFalse();
        (await machine.RunAsync(["stop"])).ExitCode.ShouldBe(0);
        DamageCalls(machine.Home.Database);
        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);
        var old = await machine.Daemon.RunningAsync();
        old.Problems.ShouldBeEmpty("what is read at the start tells of no damage");

        var reply = await shim.ChatAsync("What is marker-after?");

        reply.Text.ShouldContain("marker-after");
        var serving = await machine.Daemon.RunningAsync(otherThan: old.Epoch);
        serving.Problems.ShouldContain(problem => problem.Contains("set aside", StringComparison.Ordinal));
        machine.Simulator.Asked("marker-after").Count.ShouldBe(1);
        File.Exists(machine.Home.Database + ".is-damaged").ShouldBeFalse();
    }

    /// <summary>What a database browser does in the middle of a change.</summary>
    private static SqliteConnection Locked(string database)
    {
        var connection = Open(database);
        using var command = connection.CreateCommand();
        command.CommandText = "BEGIN EXCLUSIVE";
        command.ExecuteNonQuery();
        return connection;
    }

    private static SqliteConnection Open(string database)
    {
        // Before any connection: a process that has begun with one SQLite library and goes on with another crashes.
        _ = SqliteDatabase.LibraryVersion;
        var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        return connection;
    }

    /// <summary>The page through which all calls are found.</summary>
    private static void DamageCalls(string path)
    {
        long at, length;
        using (var connection = Open(path))
        using (var command = connection.CreateCommand())
        {
            command.CommandText = "SELECT (rootpage - 1) * page_size, page_size FROM sqlite_schema, pragma_page_size WHERE name = 'calls'";
            using var row = command.ExecuteReader();
            row.Read();
            (at, length) = (row.GetInt64(0), row.GetInt64(1));
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Write) { Position = at };
        file.Write(Enumerable.Repeat((byte)0xAA, (int)length).ToArray());
    }
}

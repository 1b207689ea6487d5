using Exai.Daemon.Health;
using Exai.Protocol;
using Exai.Settings.Home;
using Exai.Testing;

namespace Exai.Daemon.Tests.Health;

/// <summary>Traps 151, 161–164: the health file is fresh, true, whole, and its writer's own.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task Start_the_file_is_there_with_port_and_epoch_and_goes_at_the_end()
    {
        await using var daemon = await DaemonFixture.StartAsync();

        var health = HealthFile.TryRead(daemon.Home).ShouldNotBeNull();
        (health.Port, health.Epoch, health.Pid, health.Status, health.Version).ShouldBe(
            (daemon.Host.Port, daemon.Host.Epoch, Environment.ProcessId, DaemonStatus.Ready, Product.Version));
        health.ToolCount.ShouldBe(ToolCatalogue.Select(ToolTier.Standard, [], []).Count);
        await daemon.StopAsync();

        File.Exists(daemon.Home.HealthFile).ShouldBeFalse();
    }

    [Fact]
    public async Task End_the_file_is_the_successors_it_stays()
    {
        await using var daemon = await DaemonFixture.StartAsync(("EXAI_HEALTH_WRITER_INTERVAL", "120"));
        HealthFile.Write(daemon.Home, new HealthDocument { Epoch = "the next daemon's", Port = 1 });

        await daemon.StopAsync();

        HealthFile.TryRead(daemon.Home).ShouldNotBeNull().Epoch.ShouldBe("the next daemon's");
    }

    /// <summary>Trap 151.</summary>
    [Fact]
    public async Task Second_daemon_of_a_home_is_refused_and_disturbs_nothing()
    {
        await using var daemon = await DaemonFixture.StartAsync();

        var refused = await Should.ThrowAsync<DaemonStartException>(daemon.StartHostAsync());

        refused.Message.ShouldContain($"port {daemon.Host.Port}");
        HealthFile.TryRead(daemon.Home)!.Epoch.ShouldBe(daemon.Host.Epoch);
        await using var client = await daemon.OpenAsync();
        (await client.RequestAsync("ping")).Result().ShouldNotBeNull();
    }

    [Fact]
    public async Task Next_daemon_of_a_home_starts_where_the_last_one_ended()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        daemon.Provider.Open = true;
        var callId = LinkClient.ChatCallId();
        await using (var client = await daemon.OpenAsync())
        {
            await client.RequestAsync("tools/call", LinkClient.Chat("hello", callId));
        }

        await daemon.StopAsync();
        await using var next = await daemon.StartHostAsync();
        await using var again = await LinkClient.ConnectAsync(next.Port, DaemonFixture.Token);
        await again.InitializeAsync();

        var response = await again.RequestAsync("tools/call", LinkClient.Chat("hello", callId));
        response.Receipt().Recovered.ShouldBe(RecoveredHow.Replayed);
        daemon.Provider.Requests.ShouldBe(1);
    }

    [Theory]
    [InlineData(10.0)]
    [InlineData(0.1)]
    public void Writer_writes_at_each_interval_and_at_changes_with_a_gap(double interval) => Simulation.Run(async simulation =>
    {
        var folder = Directory.CreateTempSubdirectory("exai-health-").FullName;
        var home = new ExaiHome(folder);
        var status = DaemonStatus.Ready;
        var written = 0;
        var writer = new HealthWriter(
            home,
            () =>
            {
                written++;
                return new HealthDocument { Epoch = "e", Status = status, T = simulation.Time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0 };
            },
            TimeSpan.FromSeconds(interval), simulation.Time, new ListLogger());
        var step = Math.Max(interval, 0.25);

        await Task.Delay(TimeSpan.FromSeconds((10 * step) + 0.1), simulation.Time);
        written.ShouldBe(11);

        status = DaemonStatus.Busy;
        for (var change = 0; change < 100; change++)
        {
            writer.Changed();
        }

        await Task.Delay(TimeSpan.FromSeconds(0.3), simulation.Time);
        HealthFile.TryRead(home)!.Status.ShouldBe(DaemonStatus.Busy);
        written.ShouldBeLessThanOrEqualTo(14);

        await writer.DisposeAsync();
        File.Exists(home.HealthFile).ShouldBeFalse();
        Should.NotThrow(writer.Changed);
        Directory.Delete(folder, recursive: true);
    });

    /// <summary>From then on a daemon that still finishes its calls keeps away from the file.</summary>
    [Fact]
    public void Writer_finds_its_successors_file_it_writes_and_removes_it_no_more() => Simulation.Run(async simulation =>
    {
        var folder = Directory.CreateTempSubdirectory("exai-health-").FullName;
        var home = new ExaiHome(folder);
        await using (var writer = new HealthWriter(home, () => new HealthDocument { Epoch = "old" }, TimeSpan.FromSeconds(1), simulation.Time, new ListLogger()))
        {
            HealthFile.TryRead(home)!.Epoch.ShouldBe("old");
            HealthFile.Write(home, new HealthDocument { Epoch = "new" });
            writer.Changed();
            await Task.Delay(TimeSpan.FromSeconds(5), simulation.Time);
            HealthFile.TryRead(home)!.Epoch.ShouldBe("new");
        }

        HealthFile.TryRead(home)!.Epoch.ShouldBe("new");
        Directory.Delete(folder, recursive: true);
    });

    [Fact]
    public void Writer_cannot_write_it_says_so_and_tries_again() => Simulation.Run(async simulation =>
    {
        var folder = Path.Combine(Path.GetTempPath(), "exai-health-" + Guid.NewGuid().ToString("N"));
        var home = new ExaiHome(folder);
        var log = new ListLogger();
        await using var writer = new HealthWriter(home, () => new HealthDocument { Epoch = "e" }, TimeSpan.FromSeconds(1), simulation.Time, log);
        log.Entries.Single().Text.ShouldContain("could not be written");

        Directory.CreateDirectory(folder);
        await Task.Delay(TimeSpan.FromSeconds(2), simulation.Time);

        HealthFile.TryRead(home).ShouldNotBeNull();
        Directory.Delete(folder, recursive: true);
    });

    [Fact]
    public void State_follows_from_starting_to_draining()
    {
        var time = new VirtualTime();
        var state = new DaemonState(time);
        var changes = 0;
        state.Changed += () => changes++;

        state.Current.ShouldBe((DaemonStatus.Starting, null));
        state.Ready();
        state.Current.ShouldBe((DaemonStatus.Ready, null));
        state.Running(() => 2);
        var busySince = time.GetUtcNow();
        time.Advance(TimeSpan.FromSeconds(5));
        state.Running(() => 1);
        state.Current.ShouldBe((DaemonStatus.Busy, busySince));
        state.Running(() => 0);
        state.Current.ShouldBe((DaemonStatus.Ready, null));
        state.Drain();
        (state.Current.Status, state.IsDraining, state.IsStopping).ShouldBe((DaemonStatus.Draining, true, false));
        state.Stop();
        state.IsStopping.ShouldBeTrue();
        changes.ShouldBe(6);
    }
}

using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Exai.EndToEnd.Tests.Harness;
using Exai.Settings;

namespace Exai.Packaging.Tests.Containers;

/// <summary>Every path, command and setting that the container files name exists, and they agree with each other.</summary>
public sealed partial class ContainerFilesTests
{
    private const string Home = "/var/lib/exai";

    private readonly Dockerfile _image = Dockerfile.Read();
    private readonly ComposeFile _compose = ComposeFile.Read();

    [Fact]
    public void The_image_is_built_from_files_that_are_there_and_no_ignore_rule_hides()
    {
        var sources = _image.All("COPY").Where(copy => !copy.StartsWith("--from", StringComparison.Ordinal))
            .SelectMany(copy => copy.Split(' ')[..^1]).ToList();

        sources.ShouldContain("src/");
        sources.Where(source => !Path.Exists(RepositoryFiles.Find(source))).ShouldBeEmpty();
        var ignored = File.ReadLines(RepositoryFiles.Find(".dockerignore")).Select(line => line.Trim('/')).ToHashSet(StringComparer.Ordinal);
        sources.Where(source => ignored.Contains(source.Trim('/'))).ShouldBeEmpty();
        ignored.ShouldContain("**/.env");
    }

    /// <summary>A file of the build that the image does not get would make another program there.</summary>
    [Fact]
    public void Every_file_that_steers_the_build_is_among_them()
    {
        string[] steering = [.. Directory.EnumerateFiles(RepositoryFiles.Root).Select(Path.GetFileName)
            .Where(name => name is "global.json" or ".editorconfig" or "nuget.config" or "BannedSymbols.txt" || name!.StartsWith("Directory.", StringComparison.Ordinal))!];

        steering.Except(string.Join(' ', _image.All("COPY")).Split(' ')).ShouldBeEmpty();
    }

    [Fact]
    public void It_runs_the_program_that_the_publish_makes_as_a_user_without_rights()
    {
        var publish = _image.All("RUN").First(run => run.Contains("dotnet publish", StringComparison.Ordinal));
        var output = PublishOutput().Match(publish).Groups["folder"].Value;

        publish.ShouldContain("src/Exai ");
        _image.All("COPY").ShouldContain($"--from=build {output}/ /usr/local/lib/exai/");
        _image.All("RUN").ShouldContain(run => run.Contains("ln -s /usr/local/lib/exai/exai /usr/local/bin/exai", StringComparison.Ordinal));
        _image.Last("USER").ShouldBe("$APP_UID");
        JsonSerializer.Deserialize<string[]>(_image.Last("ENTRYPOINT")).ShouldBe(["exai"]);
        _image.LastStage[^1].ShouldBe(("CMD", """["daemon"]"""));
        _image.Last("VOLUME").ShouldBe(Home);
    }

    [Fact]
    public async Task A_daemon_of_the_image_or_of_systemd_has_the_room_between_two_collections_that_one_of_a_shim_has()
    {
        const string Variable = "DOTNET_GCGen0MaxBudget";
        await using var machine = await ExaiHomeFixture.CreateAsync();
        (await machine.RunAsync(["start"])).ExitCode.ShouldBe(0);
        var daemon = machine.Daemon.Pids.ShouldHaveSingleItem();

        var room = _image.Environment[Variable];

        LinuxProcesses.With(Variable, room).ShouldContain(process => process.Pid == daemon);
        File.ReadLines(RepositoryFiles.Find("deploy/exai.service")).ShouldContain($"Environment={Variable}={room}");
    }

    [Fact]
    public async Task Its_commands_are_commands_of_exai()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var health = JsonSerializer.Deserialize<string[]>(_image.Last("HEALTHCHECK").Split("CMD ", 2)[1])!;
        var command = JsonSerializer.Deserialize<string[]>(_image.Last("CMD"))!;

        health[0].ShouldBe("exai");
        // No daemon runs here: the answer is "not ready", not "wrong usage".
        (await machine.RunAsync(health[1..])).ExitCode.ShouldBe(1);
        (await machine.RunAsync([.. command, "--help"])).ExitCode.ShouldBe(0);
    }

    [Fact]
    public void Every_setting_that_they_set_exists_and_the_ports_are_those_of_the_settings()
    {
        var ours = _image.Environment.Keys.Where(name => !name.StartsWith("DOTNET_", StringComparison.Ordinal))
            .Concat(File.ReadLines(RepositoryFiles.Find("deploy/container.env.example")).Where(line => line.Contains('=') && line[0] != '#').Select(line => line.Split('=')[0]));

        ours.Where(name => SettingsRegistry.Find(name) is null).ShouldBeEmpty();
        _image.Environment["EXAI_HOME"].ShouldBe(Home);
        string[] ports = [SettingsRegistry.Find("EXAI_WS_PORT")!.Default!, SettingsRegistry.Find("MONITORING_PORT")!.Default!];
        _image.Last("EXPOSE").Split(' ').ShouldBe(ports);
        _compose.List("ports").ShouldBe(ports.Select(port => $"127.0.0.1:{port}:{port}"), "only this machine may reach it");
    }

    [Fact]
    public void Compose_builds_this_image_keeps_the_home_and_allows_nothing_that_is_not_needed()
    {
        var folder = Path.GetDirectoryName(RepositoryFiles.Find(ComposeFile.Path))!;
        var build = (YamlDotNet.RepresentationModel.YamlMappingNode)_compose.Service["build"];

        Path.GetFullPath(Path.Combine(folder, build["context"].Text())).ShouldBe(RepositoryFiles.Root);
        File.Exists(Path.Combine(RepositoryFiles.Root, build["dockerfile"].Text())).ShouldBeTrue();
        File.Exists(Path.Combine(folder, _compose.Text("env_file") + ".example")).ShouldBeTrue();
        _compose.List("volumes").ShouldBe([$"home:{Home}"]);
        ((YamlDotNet.RepresentationModel.YamlMappingNode)_compose.Root["volumes"]).Names().ShouldBe(["home"]);
        _compose.Text("restart").ShouldBe("unless-stopped");
        _compose.Text("read_only").ShouldBe("true");
        _compose.List("tmpfs").ShouldBe(["/tmp"]);
        _compose.List("cap_drop").ShouldBe(["ALL"]);
        _compose.List("security_opt").ShouldBe(["no-new-privileges:true"]);
        var grace = double.Parse(_compose.Text("stop_grace_period").TrimEnd('s'), CultureInfo.InvariantCulture);
        grace.ShouldBeGreaterThan(double.Parse(SettingsRegistry.Find("EXAI_DRAIN_SECS")!.Default!, CultureInfo.InvariantCulture) + 5);
    }

    /// <summary>The names that the Compose specification knows for a service, as far as they are used here: a slip of the pen would be ignored or refused.</summary>
    [Fact]
    public void Compose_uses_names_of_its_specification()
    {
        _compose.Root.Names().ShouldBe(["name", "services", "volumes"]);
        _compose.Service.Names().Except([
            "image", "build", "env_file", "ports", "volumes", "restart", "stop_grace_period", "init", "read_only", "tmpfs", "cap_drop", "security_opt",
            "extra_hosts",
        ]).ShouldBeEmpty();
    }

    [GeneratedRegex("--output (?<folder>/\\S+)", RegexOptions.ExplicitCapture)]
    private static partial Regex PublishOutput();
}

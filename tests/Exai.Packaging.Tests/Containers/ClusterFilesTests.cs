using System.Globalization;
using System.Text.RegularExpressions;
using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;
using Exai.Settings;
using YamlDotNet.RepresentationModel;

namespace Exai.Packaging.Tests.Containers;

/// <summary>
/// What the files for several daemons name exists, and they agree with each other and with the image. That HAProxy's does what it should is tested
/// with real daemons (ClusterTests of the end-to-end tests); Compose's and Kubernetes' cannot be run here.
/// </summary>
public sealed partial class ClusterFilesTests
{
    private const string Balancer = "deploy/haproxy/haproxy.cfg";

    private static readonly string LinkPort = SettingsRegistry.Find("EXAI_WS_PORT")!.Default!;
    private static readonly string OperationsPort = SettingsRegistry.Find("MONITORING_PORT")!.Default!;
    private static readonly double DrainSeconds = double.Parse(SettingsRegistry.Find("EXAI_DRAIN_SECS")!.Default!, CultureInfo.InvariantCulture);
    private static readonly string[] Daemons = ["exai-1", "exai-2", "exai-3"];

    private readonly YamlMappingNode _compose = Yaml.Read("deploy/compose.cluster.yaml");
    private readonly IReadOnlyList<YamlMappingNode> _kubernetes = Yaml.ReadAll("deploy/kubernetes/exai.yaml");
    private readonly Dockerfile _image = Dockerfile.Read();

    private YamlMappingNode Services => (YamlMappingNode)_compose["services"];

    private YamlMappingNode Pod => (YamlMappingNode)Of("Deployment").Single()["spec"]["template"]["spec"];

    private YamlMappingNode Container => (YamlMappingNode)((YamlSequenceNode)Pod["containers"]).Single();

    [Fact]
    public void The_balancer_leads_what_a_daemons_port_serves_to_the_daemons_of_compose_and_nothing_else()
    {
        var text = RepositoryFiles.Read(Balancer);

        var backends = text.Split("\nbackend ")[1..];
        backends.Length.ShouldBe(3);
        backends.ShouldAllBe(backend => Server().Matches(backend).Select(server => server.Groups["address"].Value).SequenceEqual(Daemons.Select(daemon => $"{daemon}:{LinkPort}")));
        Services.Names().Intersect(Daemons).ShouldBe(Daemons);
        PathRule().Matches(text).Select(path => path.Groups["path"].Value).ShouldBe([LinkContract.Path, BlobContract.Path + "/", "/mcp"]);
        text.ShouldContain("uri /health/ready ");
        text.ShouldContain($" check port {OperationsPort}");
        text.ShouldContain("option forwardfor");
        text.ShouldContain("hdr(Mcp-Session-Id)");
    }

    [Fact]
    public void Compose_has_daemons_that_differ_in_their_home_alone_one_database_and_the_balancer()
    {
        var shared = (YamlMappingNode)_compose["x-daemon"];
        foreach (var (daemon, number) in Daemons.Select((daemon, index) => (daemon, index + 1)))
        {
            var service = (YamlMappingNode)Services[daemon];
            service["<<"].ShouldBe(shared);
            service.Names().Except(["<<", "hostname", "volumes"]).ShouldBeEmpty();
            Texts(service["volumes"]).ShouldBe([$"home{number}:{_image.Environment["EXAI_HOME"]}"]);
        }

        Services.Names().Except(Daemons).ShouldBe(["haproxy", "postgres"]);
        ((YamlMappingNode)_compose["volumes"]).Names().ShouldBe(["home1", "home2", "home3", "database"]);
        shared["build"]["dockerfile"].Text().ShouldBe(Dockerfile.Path);
        Seconds(shared["stop_grace_period"]).ShouldBeGreaterThan(DrainSeconds + 5);
        File.Exists(RepositoryFiles.Find($"deploy/{shared["env_file"].Text()}.example")).ShouldBeTrue();
        Texts(Services["haproxy"]["ports"]).ShouldBe([$"127.0.0.1:{LinkPort}:{LinkPort}"], "only this machine may reach it");
        var mounted = Texts(Services["haproxy"]["volumes"]).Single().Split(':');
        Path.GetFullPath(RepositoryFiles.Find("deploy/" + mounted[0])).ShouldBe(RepositoryFiles.Find(Balancer));

        var environment = (YamlMappingNode)shared["environment"];
        environment.Names().Where(name => SettingsRegistry.Find(name) is null).ShouldBeEmpty();
        var database = (YamlMappingNode)Services["postgres"]["environment"];
        PostgresAddress.TryParse(environment["EXAI_STORE"].Text().Replace("${POSTGRES_PASSWORD}", "secret", StringComparison.Ordinal), out var store, out var error).ShouldBeTrue(error);
        (store!.Host, store.User, store.Database).ShouldBe(("postgres", database["POSTGRES_USER"].Text(), database["POSTGRES_DB"].Text()));
        database["POSTGRES_PASSWORD"].Text().ShouldBe("${POSTGRES_PASSWORD}");
    }

    [Fact]
    public void Compose_uses_names_of_its_specification()
    {
        string[] known =
        [
            "<<", "image", "build", "env_file", "environment", "ports", "volumes", "restart", "stop_grace_period", "init", "read_only", "tmpfs", "cap_drop",
            "security_opt", "depends_on", "healthcheck", "hostname",
        ];

        _compose.Names().ShouldBe(["name", "x-daemon", "services", "volumes"]);
        Services.Names().SelectMany(name => ((YamlMappingNode)Services[name]).Names()).Concat(((YamlMappingNode)_compose["x-daemon"]).Names()).Except(known).ShouldBeEmpty();
    }

    [Fact]
    public async Task Kubernetes_runs_the_image_as_it_is_meant_with_settings_that_exist()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync();
        var secret = Yaml.Read("deploy/kubernetes/secret.example.yaml");
        var values = (YamlMappingNode)secret["stringData"];
        var environment = ((YamlSequenceNode)Container["env"]).ToDictionary(variable => variable["name"].Text(), variable => variable["value"].Text(), StringComparer.Ordinal);

        (await machine.RunAsync([.. Texts(Container["args"]), "--help"])).ExitCode.ShouldBe(0);
        environment.Keys.Concat(values.Names()).Where(name => SettingsRegistry.Find(name) is null).ShouldBeEmpty();
        ((YamlSequenceNode)Container["envFrom"]).Single()["secretRef"]["name"].Text().ShouldBe(secret["metadata"]["name"].Text());
        PostgresAddress.TryParse(values["EXAI_STORE"].Text(), out _, out var error).ShouldBeTrue(error);
        Ports(Container).ShouldBe([("link", LinkPort), ("operations", OperationsPort)]);
        Pod["securityContext"]["runAsUser"].Text().ShouldBe("1654", "APP_UID of .NET's images");
        Container["securityContext"]["readOnlyRootFilesystem"].Text().ShouldBe("true");
        var mounts = ((YamlSequenceNode)Container["volumeMounts"]).ToDictionary(mount => mount["mountPath"].Text(), mount => mount["name"].Text(), StringComparer.Ordinal);
        mounts.Keys.ShouldBe([_image.Last("VOLUME"), "/tmp"]);
        mounts.Values.ShouldBe(((YamlSequenceNode)Pod["volumes"]).Select(volume => volume["name"].Text()));
        environment["EXAI_HOME"].ShouldStartWith(_image.Last("VOLUME") + "/");
    }

    [Fact]
    public void Kubernetes_asks_the_health_paths_and_takes_one_daemon_at_a_time_which_may_drain()
    {
        var deployment = Of("Deployment").Single();
        var labels = Labels(deployment["spec"]["template"]["metadata"]["labels"]);

        Probe("startupProbe").ShouldBe(("/health/live", "operations"));
        Probe("livenessProbe").ShouldBe(("/health/live", "operations"));
        Probe("readinessProbe").ShouldBe(("/health/ready", "operations"));
        deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"].Text().ShouldBe("1");
        Of("PodDisruptionBudget").Single()["spec"]["maxUnavailable"].Text().ShouldBe("1");
        var sleep = Texts(Container["lifecycle"]["preStop"]["exec"]["command"]);
        sleep[0].ShouldBe("sleep");
        double.Parse(Pod["terminationGracePeriodSeconds"].Text(), CultureInfo.InvariantCulture)
            .ShouldBeGreaterThan(DrainSeconds + double.Parse(sleep[1], CultureInfo.InvariantCulture) + 5);

        Labels(deployment["spec"]["selector"]["matchLabels"]).ShouldBe(labels);
        Labels(Of("PodDisruptionBudget").Single()["spec"]["selector"]["matchLabels"]).ShouldBe(labels);
        var services = Of("Service").ToList();
        services.Select(service => service["metadata"]["name"].Text()).ShouldBe(["exai", "exai-mcp"]);
        services.ShouldAllBe(service => Labels(service["spec"]["selector"]).SequenceEqual(labels)
            && ((YamlSequenceNode)service["spec"]["ports"]).Single()["targetPort"].Text() == "link" && ((YamlSequenceNode)service["spec"]["ports"]).Single()["port"].Text() == LinkPort);
        var allowed = ((YamlSequenceNode)Container["env"]).Single(variable => variable["name"].Text() == "EXAI_ALLOWED_HOSTS")["value"].Text().Split(',');
        services.Select(service => service["metadata"]["name"].Text()).Except(allowed).ShouldBeEmpty();

        (string, string) Probe(string name) => (Container[name]["httpGet"]["path"].Text(), Container[name]["httpGet"]["port"].Text());
    }

    private IEnumerable<YamlMappingNode> Of(string kind) => _kubernetes.Where(document => document["kind"].Text() == kind);

    private static List<string> Texts(YamlNode list) => [.. ((YamlSequenceNode)list).Select(item => item.Text())];

    private static List<(string, string)> Ports(YamlMappingNode container) => [.. ((YamlSequenceNode)container["ports"]).Select(port => (port["name"].Text(), port["containerPort"].Text()))];

    private static List<(string, string)> Labels(YamlNode labels) => [.. ((YamlMappingNode)labels).Select(label => (label.Key.Text(), label.Value.Text()))];

    private static double Seconds(YamlNode time) => double.Parse(time.Text().TrimEnd('s'), CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^    server (?<name>\S+) (?<address>\S+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Server();

    [GeneratedRegex(@"^    acl \S+ path\S* (?<path>\S+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex PathRule();
}

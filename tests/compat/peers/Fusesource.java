// FuseSource's Java client against a broker: reads what our publisher left, publishes every QoS to itself, lets its
// will be published, then says something that our subscriber waits for. Exit status 0, or 1 with the reason.
//   java -cp ... Fusesource.java URI VERSION [CA file]      version 3.1 or 3.1.1
import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.fusesource.mqtt.client.BlockingConnection;
import org.fusesource.mqtt.client.MQTT;
import org.fusesource.mqtt.client.Message;
import org.fusesource.mqtt.client.QoS;
import org.fusesource.mqtt.client.Topic;

public class Fusesource {
    static String[] words;

    static SSLContext trusting(String file) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(new FileInputStream(file)));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
    static BlockingConnection connected(String id, boolean hasWill) throws Exception {
        MQTT mqtt = new MQTT();
        mqtt.setHost(words[0]);
        mqtt.setVersion(words[1]);
        mqtt.setClientId(id);
        mqtt.setConnectAttemptsMax(0);
        mqtt.setReconnectAttemptsMax(0);
        if (words.length > 2) mqtt.setSslContext(trusting(words[2]));
        if (hasWill) {
            mqtt.setWillTopic("java/will");
            mqtt.setWillMessage("gone");
            mqtt.setWillQos(QoS.AT_LEAST_ONCE);
        }
        BlockingConnection connection = mqtt.blockingConnection();
        connection.connect();
        return connection;
    }
    static void expect(BlockingConnection connection, String topic, byte[] payload) throws Exception {
        Message message = connection.receive(20, TimeUnit.SECONDS);
        if (message == null) throw new Exception("nothing came, instead of " + topic);
        if (!message.getTopic().equals(topic) || !Arrays.equals(message.getPayload(), payload))
            throw new Exception("came " + message.getTopic() + " with " + message.getPayload().length + " bytes, instead of " + topic);
        message.ack();
    }
    static void talk() throws Exception {
        BlockingConnection watcher = connected("java-watcher", false);
        byte[] granted = watcher.subscribe(new Topic[] {new Topic("java/#", QoS.EXACTLY_ONCE)});
        if (granted[0] != 2) throw new Exception("QoS " + granted[0] + " was granted");
        expect(watcher, "java/from/us", "kept by mqtt-pub".getBytes());
        BlockingConnection sender = connected("java-sender", true);
        byte[] large = new byte[100_000];
        Arrays.fill(large, (byte) 'x');
        for (QoS qos : QoS.values()) {
            for (byte[] payload : new byte[][] {"21.5".getBytes(), new byte[0], large}) {
                sender.publish("java/温度", payload, qos, false);
                expect(watcher, "java/温度", payload);
            }
        }
        BlockingConnection other = connected("java-sender", false);  // a take-over: the will is due
        expect(watcher, "java/will", "gone".getBytes());
        watcher.publish("to/us", "from Java".getBytes(), QoS.EXACTLY_ONCE, false);
        other.disconnect();
        watcher.disconnect();
    }
    public static void main(String[] arguments) {
        words = arguments;
        try {
            talk();
        } catch (Throwable error) {
            System.err.println(error);
            System.exit(1);
        }
        System.exit(0);
    }
}
